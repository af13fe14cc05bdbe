/** The few colours that the command line uses; each the identity where colours are off. */
export interface Style {
  bold: (text: string) => string;
  dim: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
  red: (text: string) => string;
}

const same = (text: string) => text;
// Select Graphic Rendition (ECMA-48): on and off codes.
const painted = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;

export function createStyle(colours: boolean): Style {
  if (!colours) return { bold: same, dim: same, green: same, yellow: same, red: same };
  return {
    bold: painted(1, 22),
    dim: painted(2, 22),
    green: painted(32, 39),
    yellow: painted(33, 39),
    red: painted(31, 39),
  };
}

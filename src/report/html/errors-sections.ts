import * as format from "../format.ts";
import type { LimbeckReport } from "../schema.ts";
import { foreign, foreignName, html, type Markup } from "./markup.ts";

type Details = LimbeckReport["details"][number];

/** Confusion pairs and classes that are shown before one has to ask for more. */
const FIRST = 10;

/** Which classes the student takes for which. */
export function drawConfusions({ confusions }: Details): Markup | null {
  if (confusions.length === 0) return null;
  const rows = confusions.slice(0, FIRST).map(
    ({ gold, predicted, texts, share }) =>
      html`<tr>
        <td>${foreignName(gold)}</td>
        <td>${foreignName(predicted)}</td>
        <td class="number">
          ${format.count(texts)} <span class="label">${format.percent(share, 0)}</span>
        </td>
      </tr>`,
  );
  return html`<div>
    <h2>Commonest confusions</h2>
    <p class="hint">
      Test texts of one class that the student takes for another, and their share of the class.
    </p>
    <table class="plain">
      <thead>
        <tr>
          <th>Gold</th>
          <th>Student says</th>
          <th class="number">Texts</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** Precision, recall and F1 of every class, worst first. */
export function drawClasses({ perClass, student, seed }: Details): Markup | null {
  if (perClass.length === 0) return null;
  const rest = perClass.slice(FIRST);
  return html`<section>
    <h2>By class</h2>
    <p class="hint">
      ${foreign(student)}, seed ${seed}, the one that is exported; lowest F1 first.
    </p>
    <div>
      ${drawClassTable(perClass.slice(0, FIRST))}
      ${
        rest.length === 0
          ? null
          : html`<details>
              <summary>The other ${format.count(rest.length)} classes</summary>
              ${drawClassTable(rest)}
            </details>`
      }
    </div>
  </section>`;
}

function drawClassTable(classes: Details["perClass"]): Markup {
  const rows = classes.map(
    ({ label, texts, precision, recall, f1 }) =>
      html`<tr>
        <td>${foreignName(label)}</td>
        <td class="number">${format.percent(f1)}</td>
        <td class="number">${format.percent(precision)}</td>
        <td class="number">${format.percent(recall)}</td>
        <td class="number optional">${format.count(texts)}</td>
      </tr>`,
  );
  return html`<table class="plain classes">
    <thead>
      <tr>
        <th>Class</th>
        <th class="number">F1</th>
        <th class="number">Precision</th>
        <th class="number">Recall</th>
        <th class="number optional">Test texts</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

import { beforeAll, describe, expect, it } from "vitest";
import type { ProgressEvent } from "../../src/types.ts";
import { loadTokenizer } from "../../teachers/transformers/load-tokenizer.ts";
import {
  checkTokenizerFit,
  findMisfit,
  measureTokenizerFit,
  type CutText,
} from "../../teachers/transformers/tokenizer-fit.ts";
import { bankingTexts, MODEL } from "./helpers.ts";

const SAMPLES = {
  Chinese:
    "我的银行卡被自动取款机吞了，我应该怎么办？请问如何更改我的个人信息和地址？为什么我的转账还没有到账，已经过了三天了。我想申请一张新的信用卡，需要什么条件？",
  Japanese:
    "カードがATMに飲み込まれてしまいました。どうすればよいですか？住所を変更する方法を教えてください。送金がまだ届いていないのはなぜですか。新しいクレジットカードを申し込みたいです。",
  Thai: "บัตรของฉันถูกเครื่องเอทีเอ็มกลืนไป ฉันควรทำอย่างไร ฉันจะเปลี่ยนที่อยู่ของฉันได้อย่างไร ทำไมเงินโอนของฉันยังไม่มาถึง ฉันต้องการสมัครบัตรเครดิตใบใหม่",
  Russian:
    "Мою карту проглотил банкомат, что мне теперь делать? Как я могу изменить свой адрес и личные данные? Почему мой перевод до сих пор не пришёл, ведь прошло три дня?",
  German:
    "Meine Karte wurde vom Geldautomaten eingezogen, was soll ich jetzt tun? Wie kann ich meine Anschrift und meine persönlichen Angaben ändern? Warum ist meine Überweisung nach drei Tagen noch nicht angekommen?",
};
const FRENCH =
  "Ma carte a été avalée par le distributeur, que dois-je faire maintenant ? Comment puis-je modifier mon adresse et mes informations personnelles ? Pourquoi mon virement n'est-il pas encore arrivé ?";

async function warningsOf(texts: readonly { text: string }[]): Promise<string[]> {
  const warnings: string[] = [];
  const report = (event: ProgressEvent) => {
    if (event.kind === "warning") warnings.push(event.message);
  };
  await checkTokenizerFit({ folder: MODEL, model: "teachers/minilm-l6-v2", texts, report });
  return warnings;
}

describe("the shipped English encoder's tokenizer", () => {
  it.each(Object.entries(SAMPLES))(
    "does not fit %s, and the warning says what does",
    async (_, text) => {
      const [warning] = await warningsOf([{ text }]);
      expect(warning).toMatch(
        /^The tokenizer of teachers\/minilm-l6-v2 does not fit the texts: it /,
      );
      expect(warning).toContain("model: org/name");
    },
  );

  it("tells what is unknown from what is cut to bits", async () => {
    expect((await warningsOf([{ text: SAMPLES.Thai }]))[0]).toContain(
      "does not know 100 % of the pieces",
    );
    expect((await warningsOf([{ text: SAMPLES.German }]))[0]).toMatch(
      /cuts the texts' words into 2\.\d pieces/,
    );
  });

  it("fits English of every sort, French well enough, and says nothing of too few words", async () => {
    expect(await warningsOf(bankingTexts(20, 20).texts)).toEqual([]);
    const chat =
      "omg lol thx u r gr8 🙂🙂 cu 2nite @ 8pm!! dunno if im cumin tho, gonna b late 4 sure, txt me back pls xx";
    expect(await warningsOf([{ text: chat }])).toEqual([]);
    expect(await warningsOf([{ text: FRENCH }])).toEqual([]);
    expect(await warningsOf([{ text: SAMPLES.Thai.slice(0, 30) }])).toEqual([]);
    expect(await warningsOf([])).toEqual([]);
  });
});

describe("measureTokenizerFit", () => {
  let cut: CutText;
  beforeAll(async () => {
    const tokenizer = await loadTokenizer(MODEL);
    cut = (text) => tokenizer.encode(text, { add_special_tokens: false });
  });

  it("counts pieces of words and unknown pieces", () => {
    // "card" is one piece, "swallowed" one, "☃" none of the words and unknown, id 100.
    const fit = measureTokenizerFit([{ text: "card swallowed ☃" }], cut, 100);
    expect(fit).toEqual({ texts: 1, words: 2, unknown: 1 / 3, piecesPerWord: 1 });
    // Tokenizers that fall back to bytes know everything.
    expect(measureTokenizerFit([{ text: "card ☃" }], cut, null).unknown).toBe(0);
  });

  it("looks at texts from all over the list, and at the beginning of each", () => {
    const texts = Array.from({ length: 1000 }, (_, at) => ({ text: at < 500 ? "card" : "☃ card" }));
    const fit = measureTokenizerFit(texts, cut, 100);
    // 128 texts with one piece, 128 with two, of which one is unknown.
    expect(fit).toEqual({ texts: 256, words: 256, unknown: 128 / 384, piecesPerWord: 1 });
    const long = [{ text: `${"card ".repeat(80)}${"☃ ".repeat(1000)}` }];
    expect(measureTokenizerFit(long, cut, 100).unknown).toBe(0);
  });

  it("judges at 5 % and at 2 pieces, from 20 words on", () => {
    const fit = { texts: 1, words: 20, unknown: 0.05, piecesPerWord: 2 };
    expect(findMisfit(fit)).toBeNull();
    expect(findMisfit({ ...fit, unknown: 0.06 })).toContain("6 %");
    expect(findMisfit({ ...fit, piecesPerWord: 2.1 })).toContain("2.1 pieces");
    expect(findMisfit({ ...fit, words: 19, unknown: 1 })).toBeNull();
  });
});

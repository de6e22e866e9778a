// Digits that people wrote, eight rows of eight dots each, a dot in seventeen shades from `0` to `g`. Held-out samples of the
// "Optical Recognition of Handwritten Digits" of the UCI Machine Learning Repository (E. Alpaydin and C. Kaynak, 1998), CC BY 4.0.

/** A sample: what the person meant, and the dots. */
export interface SampleDigit {
  readonly digit: number;
  readonly dots: Float32Array;
  /** What is special about it. */
  readonly note?: string;
}

const SHADES = "0123456789abcdefg";

const sample = (digit: number, text: string, note?: string): SampleDigit => ({
  digit,
  dots: Float32Array.from(text, (shade) => SHADES.indexOf(shade) / (SHADES.length - 1)),
  ...(note === undefined ? {} : { note }),
});

export const SAMPLE_DIGITS: readonly SampleDigit[] = [
  sample(0, "004e900000dgga0004g45g6008e01f5006g00d4004f17g1002feg700004d9000"),
  sample(1, "0000c8000003gg00001dgb0003fgg8000037g8000004g8000004ge000000ef50"),
  sample(2, "00dgd10006gaf50003f0b9000040c8000000f8000008g400005ggda100dgggg9"),
  sample(3, "029fe93004d89g800006ef30000be2000002fb0000002f400156dg6002ccdb00"),
  sample(4, "0006g000000cd000005f36f001eb0dd00agdcg500bccge200003g9000008g300"),
  sample(5, "01egge1000ad640003fb300005ggg6000001af000000bb00007cg50002ff5000"),
  sample(6, "001d7000007e200000d5000000g3000003gacc3003gb59c001db4db0001cgb20"),
  sample(7, "004dggga00bfcdg500000cb000105f2000edff6000fgf920001g7000006e2000"),
  sample(8, "005cfa1002e7497007f70980015fbd30003fg50000f9c70000f58c00004egb00"),
  sample(9, "006e760001e6dg1005c09g3001fedb80000008800000078001e21c10004df500"),
  sample(
    3,
    "004cd100004gg500009ga00008ggb4000048gg7000002ee00004fgb0005ge800",
    "The person meant a 3. A proof says what the network said, not that it is right.",
  ),
];

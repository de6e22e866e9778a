// Layouts come from annotations, which are hostile bytes; values are shown in the order of the model file.
import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, layoutOf } from "../dist/layout.js";

const image = layoutOf([1, 2, 2, 3], { positions: [2, 3], channels: [0, 1] });
const tensor = (values, shape) => ({ tensor: 0, role: "input", shape, values });

test("an image has its channels last in a proof, and first in a model file", () => {
  const cells = Int32Array.of(0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11);
  const { shape, values } = arrange(tensor(cells, [2, 3, 2]), image, 1);
  assert.deepEqual(shape, [1, 2, 2, 3]);
  assert.deepEqual([...values], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.ok(values instanceof Int32Array);
});

test("every inference of a batch is put in order", () => {
  const layout = layoutOf([1, 6], { positions: [1], channels: [0], split: [2, 3] });
  const { shape, values } = arrange(tensor([0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15], [2, 3, 2]), layout, 2);
  assert.deepEqual(shape, [2, 1, 6]);
  assert.deepEqual(values, [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
});

test("a layout that does not fit the values changes nothing", () => {
  const short = tensor([1, 2, 3], [3]);
  assert.equal(arrange(short, image, 1), short);
  assert.equal(arrange(short, undefined, 1), short);
});

test("anything else is no layout", () => {
  const positions = [1];
  const odd = [
    [[1, 6], null],
    [[1, 6], []],
    [[1, 6], { positions }],
    [[1, 6], { positions, channels: 1 }],
    [[1, 6], { positions: [], channels: [0] }],
    [[1, 6], { positions, channels: [1] }],
    [[1, 6], { positions, channels: [2] }],
    [[1, 6], { positions, channels: ["0"] }],
    [[1, 6], { positions, channels: [0.5] }],
    [[1, 6], { positions, channels: [], split: [7] }],
    [[1, 6], { positions, channels: [], split: "6" }],
    [[1, -6], undefined],
    [[2 ** 20, 2 ** 20], undefined],
    [Array(17).fill(1), undefined],
    [{ length: 1 }, undefined],
    [undefined, undefined],
  ];
  for (const [shape, layout] of odd) assert.equal(layoutOf(shape, layout), undefined, JSON.stringify([shape, layout]));
});

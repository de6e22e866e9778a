// Annotations are hostile bytes: whatever they are, loading a key must not fail over them, and nothing odd is passed on.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ports } from "../dist/annotation.js";

test("names and scales are read", () => {
  const text = JSON.stringify({
    inputs: [{ tensor: 0, name: "image", shape: [1, 64], scale: 0.0078 }],
    outputs: [{ tensor: 2, name: "probabilities", shape: [1, 10], scale: 0.5 }],
    post_processing: ["Softmax"],
  });
  const flat = (shape) => ({ shape, split: shape, axes: [0, 1] });
  assert.deepEqual([...ports(text)], [
    [0, { name: "image", scale: 0.0078, layout: flat([1, 64]) }],
    [2, { name: "probabilities", scale: 0.5, layout: flat([1, 10]) }],
  ]);
});

test("anything else is left out", () => {
  const nothing = ["", "a test", "null", "1", "[]", '"text"', "{", '{"inputs":1,"outputs":{}}', '{"inputs":[null,1,[],{}]}'];
  for (const text of nothing) assert.equal(ports(text).size, 0, text);
  const odd = [
    { tensor: 0, name: 1, scale: "1" },
    { tensor: 1, name: "", scale: 0 },
    { tensor: 2, name: "x".repeat(257), scale: -1 },
    { tensor: 3, name: {}, scale: null },
  ];
  for (const [, port] of ports(JSON.stringify({ inputs: odd }))) assert.deepEqual(port, {});
});

test("a prototype is no place for names", () => {
  const text = '{"__proto__":{"inputs":[{"tensor":0,"name":"x"}]},"outputs":[{"tensor":1,"__proto__":{"name":"x"}}]}';
  assert.deepEqual([...ports(text)], [[1, {}]]);
});

test("the first entry for a tensor counts", () => {
  const text = '{"inputs":[{"tensor":0,"name":"a"},{"tensor":0,"name":"b"}]}';
  assert.deepEqual([...ports(text)], [[0, { name: "a" }]]);
});

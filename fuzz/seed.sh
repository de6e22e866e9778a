#!/bin/sh
# Fills corpus/ from files of this repository: copies of the small ones, and pieces that examples/seeds.rs cuts out of the others.
set -eu
cd "$(dirname "$0")"

copy() { # target, name of the seed, file
    mkdir -p "corpus/$1"
    cp "$3" "corpus/$1/$2"
}

for name in demo toy convolutional large hidden; do
    copy verifying_key "$name" "../tests/vectors/$name/model.vk"
    copy proof "$name" "../tests/vectors/$name/proof.bin"
done
copy bundle demo ../tests/vectors/demo/answers.bundle
copy opening demo ../tests/vectors/demo/opening.bin
copy opening_secret demo ../tests/vectors/demo/committed.secret
for name in toy hidden; do
    copy proving_key "$name" "../tests/vectors/$name/model.pk"
done
copy verifying_key first_version ../tests/vectors/v1/toy/model.vk
copy onnx digits_demo ../models/digits_demo.onnx
copy data calibration ../models/digits_demo_calibration.npz
copy data input ../models/digits_demo_input.json
cargo run --quiet --example seeds

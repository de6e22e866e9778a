//! ONNX networks, quantisation and integer inference.

import { ProtobufMessage } from "../../examples/protobuf-message.ts";

const FP32 = 1;
const EXTERNAL = 1;

/** `y = x + w` over FP32 [2], where `w` lies in another file, under this name. Field numbers: onnx.proto3. */
export function modelWithExternalData(location: string): Uint8Array<ArrayBuffer> {
  const node = new ProtobufMessage().text(1, "x").text(1, "w").text(2, "y").text(4, "Add");
  const entry = new ProtobufMessage().text(1, "location").text(2, location);
  const weights = new ProtobufMessage()
    .integer(1, 2)
    .integer(2, FP32)
    .text(8, "w")
    .message(13, entry)
    .integer(14, EXTERNAL);
  const graph = new ProtobufMessage()
    .message(1, node)
    .text(2, "graph")
    .message(5, weights)
    .message(11, vector("x"))
    .message(12, vector("y"));
  const opset = new ProtobufMessage().text(1, "").integer(2, 17);
  return new ProtobufMessage().integer(1, 8).message(7, graph).message(8, opset).toBytes();
}

/** The file of {@link modelWithExternalData}: two elements, little-endian. */
export function weightsFile(first: number, second: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Float32Array.of(first, second).buffer);
}

function vector(name: string): ProtobufMessage {
  const shape = new ProtobufMessage().message(1, new ProtobufMessage().integer(1, 2));
  const tensor = new ProtobufMessage().integer(1, FP32).message(2, shape);
  return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensor));
}

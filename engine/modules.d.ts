/** Given to a model's isolate by the Worker Loader: the tenant's model. */
declare module "model.onnx" {
  const bytes: ArrayBuffer;
  export default bytes;
}

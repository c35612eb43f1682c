/** Given to a model's isolate by the Worker Loader: the tenant's model. */
declare module "model.onnx" {
  const bytes: ArrayBuffer;
  export default bytes;
}

/** Given to a model's isolate by the Worker Loader: the names of its external data; file i is `external-data/i`. */
declare module "external-data.json" {
  const names: string[];
  export default names;
}

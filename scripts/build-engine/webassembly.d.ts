/** What of WebAssembly is used here; Node's own types leave it to the DOM's. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Imports);
  }
  class Memory {
    readonly buffer: ArrayBufferLike;
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

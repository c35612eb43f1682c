/** What of WebAssembly is used here; Node's own types leave it to the DOM's. */
declare namespace WebAssembly {
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  interface Module {
    readonly [Symbol.toStringTag]: "WebAssembly.Module";
  }
  interface Memory {
    readonly buffer: ArrayBufferLike;
  }
  const Module: new (bytes: Uint8Array) => Module;
  const Instance: new (module: Module, imports: Imports) => { readonly exports: object };
  const Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => Memory;
}

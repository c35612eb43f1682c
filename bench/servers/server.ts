/** A process under load, on a port of this machine. */
export interface BenchServer {
  readonly name: string;
  readonly port: number;
  /** Of the process that does the work; undefined where it can't be told. */
  readonly pid: number | undefined;
}

import { Container } from "@cloudflare/containers";
import { containerToken } from "../src/shared/derived-keys.ts";

/**
 * One instance of the container backend (container/) on Cloudflare.
 *
 * It starts with its first request and goes to sleep after ten idle minutes; what it had loaded it loads again from R2.
 */
export class LargeModelBackend extends Container<Env> {
  override defaultPort = 8080;
  override sleepAfter = "10m";
  override enableInternet = true;
  override envVars = {
    PORT: "8080",
    HOST: "0.0.0.0",
    CONTAINER_TOKEN: containerToken(this.env.MASTER_KEY),
    MODEL_ORIGIN: this.env.PUBLIC_ORIGIN,
  };
}

import { z } from "zod";
import { faultRatesSchema } from "../faults.ts";
import { countFaults, setFaults } from "./faulty-cells.ts";
import type { TornCell } from "./torn-cell.ts";

const CONTROL = "/torture/";

const clockSchema = z.object({ step_ms: z.number() });
const evictionSchema = z.object({ tenant_id: z.string() });

/** Whether a path is one of the run's own, which no Worker that ships has. */
export function isControl(path: string): boolean {
  return path.startsWith(CONTROL);
}

/** Do what the run asks for besides inferring. */
export async function answerControl(request: Request, env: Env): Promise<Response> {
  const path = new URL(request.url).pathname.slice(CONTROL.length);
  switch (`${request.method} ${path}`) {
    case "GET faults":
      return Response.json(countFaults());
    case "PUT faults":
      setFaults(faultRatesSchema.parse(await request.json()));
      return new Response(null, { status: 204 });
    case "POST clock":
      stepClock(clockSchema.parse(await request.json()).step_ms);
      return new Response(null, { status: 204 });
    case "POST evictions":
      await tear(env, evictionSchema.parse(await request.json()).tenant_id);
      return new Response(null, { status: 204 });
    default:
      return new Response(null, { status: 404 });
  }
}

const platformNow = Date.now.bind(Date);
let aheadMs = 0;

/** Let the machine's clock jump ahead, for the Worker and its cells. Alarms that are set already ring when they would have rung. */
function stepClock(stepMs: number): void {
  aheadMs += stepMs;
  Date.now = () => platformNow() + aheadMs;
}

async function tear(env: Env, tenantId: string): Promise<void> {
  await tornCell(env, tenantId)
    .tear()
    .catch(() => undefined); // it can't answer: that is its purpose
}

function tornCell(env: Env, tenantId: string): DurableObjectStub<TornCell> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the class that this Worker exports under the cell's name
  const cells = env.TENANT_CELL as unknown as DurableObjectNamespace<TornCell>;
  return cells.getByName(tenantId);
}

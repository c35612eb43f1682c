import { createRoute } from "@hono/zod-openapi";
import { json, problems, toPage } from "../http/contract.ts";
import { NDJSON, linesOf, wantedFormat } from "../http/json-lines.ts";
import { problem } from "../http/problem.ts";
import { createRouter } from "../http/router.ts";
import { genesisOf } from "./chain.rules.ts";
import {
  DEFAULT_ROWS,
  headFrom,
  ledgerEntryParams,
  ledgerEntrySchema,
  ledgerLinesSchema,
  ledgerPageSchema,
  ledgerQuerySchema,
  presentRow,
  presentVerification,
  verificationQuerySchema,
  verificationSchema,
} from "./ledger.schemas.ts";
import { exportLedger, readLedger, readLedgerEntry, verifyLedger } from "./ledger.service.ts";
import { needs } from "../identity/needs.ts";

const common = {
  method: "get" as const,
  tags: ["Usage"],
  ...needs("usage:read"),
};

const listRowsRoute = createRoute({
  ...common,
  path: "/v1/usage/ledger",
  operationId: "listLedgerRows",
  summary: "List the ledger's rows",
  description:
    "Needs the scope `usage:read`. Oldest first, those that have left the cell for the archive included. In JSON Lines, the whole " +
    "ledger comes in one answer, for docs/ledger.md to be checked against.",
  request: { query: ledgerQuerySchema },
  responses: {
    200: {
      description: "One page of rows, or an export.",
      content: { "application/json": { schema: ledgerPageSchema }, [NDJSON]: { schema: ledgerLinesSchema } },
    },
    ...problems,
  },
});

const verifyRoute = createRoute({
  ...common,
  path: "/v1/usage/ledger/verify",
  operationId: "verifyLedger",
  summary: "Verify the ledger's chain",
  description:
    "Needs the scope `usage:read`. Follows every row from the first, 100,000 at a time, and names the first that does not follow " +
    "from the one before it.",
  request: { query: verificationQuerySchema },
  responses: { 200: json(verificationSchema, "What was found."), ...problems },
});

const readEntryRoute = createRoute({
  ...common,
  path: "/v1/usage/ledger/{entry_id}",
  operationId: "readLedgerEntry",
  summary: "Read the rows of one entry",
  description:
    "Needs the scope `usage:read`. An inference's charge, whose `hash` its caller has as `Tensorgate-Receipt`, and its " +
    "settlement once it has ended.",
  request: { params: ledgerEntryParams },
  responses: { 200: json(ledgerEntrySchema, "The rows, in their order."), ...problems },
});

/** The ledger itself: its rows, and the proof that they are those that were written. */
export const ledgerRoutes = createRouter()
  .openapi(listRowsRoute, async (c) => {
    const { limit, after: afterSeq, from, to, format } = c.req.valid("query");
    const { tenantId } = c.var.caller;
    const fromMs = from === undefined ? 0 : Date.parse(from);
    const toMs = to === undefined ? Infinity : Date.parse(to);
    if (fromMs >= toMs) return problem(c, "invalid-request", "from: must be before to.");
    const range = { afterSeq, fromMs, toMs };
    if ((format ?? wantedFormat(c)) === "ndjson") {
      return linesOf(exportLedger(tenantId, c.var.services, { ...range, most: limit ?? Infinity }));
    }
    const most = limit ?? DEFAULT_ROWS;
    const rows = await readLedger(tenantId, c.var.services, { ...range, most: most + 1 });
    return c.json(
      toPage(rows, most, ({ seq }) => String(seq), presentRow),
      200,
    );
  })
  .openapi(verifyRoute, async (c) => {
    const { after, limit: most } = c.req.valid("query");
    const { tenantId } = c.var.caller;
    const genesis = genesisOf(tenantId);
    const from = after === undefined ? genesis : headFrom(after);
    const verification = await verifyLedger(tenantId, c.var.services, { from, most });
    return c.json(presentVerification(verification, genesis), 200);
  })
  .openapi(readEntryRoute, async (c) => {
    const { entry_id: entryId } = c.req.valid("param");
    const rows = await readLedgerEntry(c.var.caller.tenantId, c.var.services, entryId);
    if (rows.length === 0) return problem(c, "entry-not-found", `The ledger has no entry "${entryId}".`);
    return c.json({ data: rows.map(presentRow) }, 200);
  });

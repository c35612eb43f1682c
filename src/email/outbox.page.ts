import { html } from "hono/html";
import { toTimestamp } from "../shared/clock.ts";
import type { OutboxEmail } from "./outbox.tables.ts";
import { piecesOf } from "./wording.rules.ts";

const STYLE = html`
  <style>
    :root {
      color-scheme: light dark;
      --line: light-dark(#dfe3e8, #343a44);
      --faint: light-dark(#5b6472, #a3abb8);
    }
    body {
      font:
        15px/1.5 system-ui,
        sans-serif;
      max-width: 60rem;
      margin: 2rem auto;
      padding: 0 1rem;
      background: light-dark(#ffffff, #16181d);
      color: light-dark(#1b1e24, #eceef2);
    }
    h1 {
      font-size: 1.4rem;
      margin: 0 0 0.25rem;
      overflow-wrap: anywhere;
    }
    h2 {
      font-size: 1rem;
      margin: 2rem 0 0.5rem;
    }
    p,
    dt,
    time {
      color: var(--faint);
    }
    a {
      color: light-dark(#1d4ed8, #8fb0ff);
    }
    table {
      border-collapse: collapse;
      width: 100%;
      margin-top: 1.5rem;
    }
    th {
      color: var(--faint);
      font-weight: 500;
      text-align: left;
    }
    th,
    td {
      padding: 0.5rem 1rem 0.5rem 0;
      border-bottom: 1px solid var(--line);
      vertical-align: top;
      overflow-wrap: anywhere;
    }
    time {
      white-space: nowrap;
      font-variant-numeric: tabular-nums;
    }
    dl {
      display: grid;
      grid-template-columns: max-content 1fr;
      gap: 0 1rem;
    }
    dd {
      margin: 0;
      overflow-wrap: anywhere;
    }
    iframe {
      width: 100%;
      height: 40rem;
      border: 1px solid var(--line);
      border-radius: 6px;
    }
    pre {
      white-space: pre-wrap;
      overflow-wrap: anywhere;
      border: 1px solid var(--line);
      border-radius: 6px;
      padding: 1rem;
    }
    @media (max-width: 40rem) {
      thead {
        display: none;
      }
      tr,
      td {
        display: block;
      }
      td {
        padding: 0;
        border: 0;
      }
      tr {
        padding: 0.75rem 0;
        border-bottom: 1px solid var(--line);
      }
    }
  </style>
`;

function page(title: string, content: unknown) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        ${STYLE}
      </head>
      <body>
        ${content}
      </body>
    </html>`;
}

const moment = (ms: number) =>
  html`<time datetime="${toTimestamp(ms)}">${toTimestamp(ms).slice(0, 19).replace("T", " ")} UTC</time>`;

/** The mails that were not sent but kept. */
export function outboxPage(emails: readonly OutboxEmail[]) {
  return page(
    "Outbox",
    html`
      <h1>Outbox</h1>
      <p>E-mails of this machine, the newest first. None was sent. <a href="/dev/outbox.json">As JSON</a></p>
      ${emails.length === 0 ? html`<p>There are none yet.</p>` : list(emails)}
    `,
  );
}

function list(emails: readonly OutboxEmail[]) {
  return html`<table>
    <thead>
      <tr>
        <th>When</th>
        <th>To</th>
        <th>Subject</th>
      </tr>
    </thead>
    <tbody>
      ${emails.map(
        ({ number, sentAtMs, recipient, subject }) =>
          html`<tr>
            <td>${moment(sentAtMs)}</td>
            <td>${recipient}</td>
            <td><a href="/dev/outbox/${number}">${subject}</a></td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** One mail, as HTML in a frame that runs nothing, and as text. Its links open beside it. */
export function emailPage({ sentAtMs, recipient, template, subject, text, html: mail }: OutboxEmail) {
  return page(
    subject,
    html`
      <p><a href="/dev/outbox">Outbox</a></p>
      <h1>${subject}</h1>
      <dl>
        <dt>To</dt>
        <dd>${recipient}</dd>
        <dt>When</dt>
        <dd>${moment(sentAtMs)}</dd>
        <dt>Template</dt>
        <dd>${template}</dd>
      </dl>
      <h2>HTML</h2>
      <iframe
        title="The e-mail as HTML"
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        srcdoc="${mail}"
      ></iframe>
      <h2>Text</h2>
      <pre>${piecesOf(text).map(piece)}</pre>
    `,
  );
}

function piece({ kind, text }: ReturnType<typeof piecesOf>[number]) {
  return kind === "link" ? html`<a href="${text}" target="_blank" rel="noreferrer">${text}</a>` : text;
}

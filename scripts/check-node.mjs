// Runs before every script, in whatever Node is there: plain JavaScript, so that an old one can read it too.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    [
      `Tensorgate's scripts need Node 22.18 or later; this is ${process.version} (${process.execPath}).`,
      "npm ci puts Node 24 into node_modules/.bin, where npm's scripts find it before yours. To repair that:",
      "  - run `npm ci` again, without --ignore-scripts,",
      "  - and start through npm (`npm start`, `npm test`), not with `node` directly.",
    ].join("\n"),
  );
  process.exit(1);
}

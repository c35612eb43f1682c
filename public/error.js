import { setText } from "./pages.js";

const query = new URLSearchParams(location.search);
const why = query.get("error_description");
if (why) setText("why", why);
setText("code", query.get("error") ?? "unknown");

import { show } from "./pages.js";

if (new URLSearchParams(location.search).has("error")) show("ill");

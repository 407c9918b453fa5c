import { updateFilters, watch } from "./messages.js";
import { keepStatusUpToDate } from "./status.js";

watch();
void keepStatusUpToDate(updateFilters);

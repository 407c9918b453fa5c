import { offerFilters, watch } from "./messages.js";
import { showStatusForEver } from "./status.js";

watch();
void showStatusForEver(offerFilters);

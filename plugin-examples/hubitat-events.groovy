// A driver for Hubitat Elevation: the last event of a line of sockproxyd is an attribute, for rules and dashboards (docs/events.md).
// [access] watch of the daemon's configuration has to name the hub, and [web] address to let it in.
metadata {
    definition(name: "sockproxyd line", namespace: "sockproxyd", author: "sockproxyd") {
        capability "Initialize"
        attribute "event", "string"
        attribute "bytes", "number"
        attribute "stream", "string"
    }
    preferences { input "url", "string", title: "URL", defaultValue: "http://192.168.0.10:8080/events?name=boiler" }
}

void installed() { initialize() }
void updated() { initialize() }
void initialize() { interfaces.eventStream.connect(url, [pingInterval: 15, readTimeout: 60]) }

void parse(String data) {
    Map event = parseJson(data)
    sendEvent(name: "event", value: event.event, descriptionText: event.text, isStateChange: true)
    if (event.bytes != null) sendEvent(name: "bytes", value: event.bytes)
}

void eventStreamStatus(String status) {
    sendEvent(name: "stream", value: status.startsWith("START") ? "open" : "closed")
    if (!status.startsWith("START")) runIn(10, "initialize")
}

package engine

// DevServer are the settings of Temporal's dev server, as its arguments, that Longshore's workflows want beyond its own.
//
// A workflow takes 10 updates at a time by default and has the rest come again, each after a longer pause, up to 10 s
// (history.maxInFlightUpdates of Temporal's server; the SDK's retries): hundreds that ask one site at once would wait for
// minutes where all are taken within a second.
func DevServer() []string {
	return []string{"--dynamic-config-value", "history.maxInFlightUpdates=1000"}
}

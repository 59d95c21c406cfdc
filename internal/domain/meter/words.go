package meter

// words are the texts that stations send with nearly every sample. Their
// numbers are in the database: append, never change. Those that come most
// often stand first, because they are looked for from the front.
var words = [...]string{
	"", EnergyImportRegister, ContextPeriodic, "Wh", "Outlet", PowerImport, "W", "Current.Import", "A", "Voltage", "V",
	"L1", "L2", "L3", "L1-N", "L2-N", "L3-N", StateOfCharge, "Percent", "kWh", "kW", ContextClock, ContextBegin, ContextEnd,
	"Accepted", "Inlet", "EV", "Body", "Cable", "Upstream", "N", "L1-L2", "L2-L3", "L3-L1",
	"Current.Offered", "Power.Offered", "Temperature", "Celsius", "Fahrenheit", "K", "Celcius", "Frequency", "Power.Factor", "RPM", "Hertz",
	"Energy.Active.Export.Register", "Energy.Active.Import.Interval", "Energy.Active.Export.Interval", "Energy.Active.Net",
	"Energy.Reactive.Import.Register", "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Interval",
	"Energy.Reactive.Export.Interval", "Energy.Reactive.Net", "Energy.Apparent.Net", "Energy.Apparent.Import", "Energy.Apparent.Export",
	"Power.Active.Export", "Power.Reactive.Import", "Power.Reactive.Export", "Current.Export",
	"var", "kvar", "varh", "kvarh", "VA", "kVA", "VAh", "kVAh",
	"Trigger", "Interruption.Begin", "Interruption.End", "Other",
	"Blocked", "ConcurrentTx", "Expired", "Invalid", "Unknown", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime",
}

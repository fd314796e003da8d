import ArgumentParser
import Inference
import RunConfig

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Merges adapters into their base model and writes a complete model folder.",
        discussion: """
            anneal export X.yaml [key=value …]
            anneal export ADAPTER_DIR export_dir=DIR [key=value …]

            fp32 models are written in bf16 unless infer_dtype says otherwise; export_size is the largest file in GB.
            """)

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides or --key value flags.")
    var arguments: [String] = []

    func run() throws {
        let config = try RunConfig.load(modelArguments: try HubAccess.resolved(arguments: arguments), purpose: .export)
        try ModelExporter(try HubAccess.resolved(config)).start()
    }
}

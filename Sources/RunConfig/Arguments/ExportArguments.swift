/// Where a merged model goes and how it is written.
public typealias ExportArguments = Arguments<ExportSettings>

/// The settings of `ExportArguments`, as in LLaMA-Factory's export arguments.
public struct ExportSettings: SettingDeclarations {
    public static let title = "Export"
    public static let declarations = ExportSettings()

    public let exportDir = Setting<String?>("export_dir", nil, "Folder for the merged model.")
    public let exportSize = Setting("export_size", 5, "Largest size of one weight file, in GB.", limits: .atLeast(1))
    public let exportDevice = Setting(
        "export_device", ExportDevice.cpu, "Where to merge: cpu, or auto for the fastest device.",
        .noEffect("models are merged on the CPU."))
    public let exportQuantizationBit = Setting<Int?>(
        "export_quantization_bit", nil, "Bits per weight of the exported model.", .notSupportedYet)
    public let exportQuantizationDataset = Setting<String?>(
        "export_quantization_dataset", nil, "Texts that the quantization is fitted to.", .notSupportedYet)
    public let exportQuantizationNsamples = Setting(
        "export_quantization_nsamples", 128, "How many of those texts to use.", .notSupportedYet, limits: .atLeast(1))
    public let exportQuantizationMaxlen = Setting(
        "export_quantization_maxlen", 1024, "How many tokens of each to use.", .notSupportedYet, limits: .atLeast(1))
    public let exportLegacyFormat = Setting(
        "export_legacy_format", false, "Write .bin files.",
        .refused("they are pickles; Anneal writes safetensors, which everything reads."))
    public let exportHubModelID = Setting<String?>(
        "export_hub_model_id", nil, "Name under which to upload the model.", .refused("nothing is uploaded."))
}

public import Foundation

extension VisionProcessorConfig {
    /// The image processor of a model folder, found where transformers looks for it.
    public static func image(modelFolder: URL) throws -> VisionProcessorConfig {
        try load(modelFolder, section: "image_processor", files: ["preprocessor_config.json"], defaults: .imageDefaults)
    }

    /// The video processor of a model folder, found where transformers looks for it.
    public static func video(modelFolder: URL) throws -> VisionProcessorConfig {
        try load(
            modelFolder, section: "video_processor",
            files: ["video_preprocessor_config.json", "preprocessor_config.json"],
            defaults: .videoDefaults)
    }

    /// Reads the JSON text of a processor configuration; `name` is for messages.
    public init(json: Data, name: String, defaults: VisionProcessorConfig = .imageDefaults) throws {
        let values: Values
        do {
            values = try JSONDecoder().decode(Values.self, from: json)
        } catch {
            throw MediaError(.unsupported, name, "not a processor configuration: \(describe(error)).")
        }
        self = try values.applied(to: defaults, name: name)
    }

    private static func load(
        _ folder: URL, section: String, files: [String], defaults: VisionProcessorConfig
    ) throws -> VisionProcessorConfig {
        let combined = folder.appendingPathComponent("processor_config.json")
        if let data = try? Data(contentsOf: combined) {
            let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
            guard let object else { throw MediaError(.corrupt, combined.path, "not a JSON object.") }
            if let part = object[section] as? [String: Any] {
                let json = try JSONSerialization.data(withJSONObject: part)
                return try VisionProcessorConfig(json: json, name: "\(combined.path): \(section)", defaults: defaults)
            }
        }
        for file in files {
            let url = folder.appendingPathComponent(file)
            guard let data = try? Data(contentsOf: url) else { continue }
            return try VisionProcessorConfig(json: data, name: url.path, defaults: defaults)
        }
        throw MediaError(
            .unreadable, folder.path,
            "no \(files.joined(separator: ", ")) or processor_config.json with \(section). A vision-language model needs one: "
                + "copy it from the model's repository.")
    }

    private struct Values: Decodable {
        struct Size: Decodable {
            var shortest_edge, longest_edge, min_pixels, max_pixels, height, width: Int?
        }
        var size: Size?
        var min_pixels, max_pixels, patch_size, temporal_patch_size, merge_size, resample: Int?
        var image_mean, image_std: [Double]?
        var rescale_factor: Double?
        var do_resize, do_rescale, do_normalize, do_convert_rgb, do_center_crop, do_pad: Bool?

        func applied(to defaults: VisionProcessorConfig, name: String) throws -> VisionProcessorConfig {
            func refuse(_ key: String, _ reason: String) -> MediaError {
                MediaError(.unsupported, name, "\(key): \(reason).")
            }
            if size?.height != nil || size?.width != nil {
                throw refuse(
                    "size",
                    "a fixed height and width is not how Qwen-VL sizes images; shortest_edge and longest_edge are")
            }
            if let resample, resample != 3 {
                throw refuse("resample", "\(resample) is not bicubic (3), the only filter supported")
            }
            if do_center_crop == true { throw refuse("do_center_crop", "cropping is not supported") }
            if do_pad == true { throw refuse("do_pad", "padding is not supported") }
            var config = defaults
            config.minPixels = min_pixels ?? size?.shortest_edge ?? size?.min_pixels ?? defaults.minPixels
            config.maxPixels = max_pixels ?? size?.longest_edge ?? size?.max_pixels ?? defaults.maxPixels
            config.patchSize = patch_size ?? defaults.patchSize
            config.temporalPatchSize = temporal_patch_size ?? defaults.temporalPatchSize
            config.mergeSize = merge_size ?? defaults.mergeSize
            config.imageMean = image_mean ?? defaults.imageMean
            config.imageStd = image_std ?? defaults.imageStd
            config.rescaleFactor = rescale_factor ?? defaults.rescaleFactor
            config.doResize = do_resize ?? defaults.doResize
            config.doRescale = do_rescale ?? defaults.doRescale
            config.doNormalize = do_normalize ?? defaults.doNormalize
            for (key, value) in [
                ("patch_size", config.patchSize), ("temporal_patch_size", config.temporalPatchSize),
                ("merge_size", config.mergeSize), ("min_pixels", config.minPixels), ("max_pixels", config.maxPixels),
            ] where value < 1 || value > (key == "max_pixels" ? 1 << 40 : 1 << 28) {
                throw refuse(key, "\(value) is not a positive number of sensible size")
            }
            guard config.patchSize <= 1024, config.mergeSize <= 64, config.temporalPatchSize <= 64 else {
                throw refuse(
                    "patch_size", "a patch of \(config.patchSize) pixels merged \(config.mergeSize) times is too large")
            }
            guard config.imageMean.count == 3, config.imageStd.count == 3 else {
                throw refuse("image_mean", "image_mean and image_std need three values")
            }
            guard !config.imageStd.contains(0), config.rescaleFactor != 0 else {
                throw refuse("image_std", "zero cannot be divided by")
            }
            return config
        }
    }
}

private func describe(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
        return "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    case .dataCorrupted(let context): return context.debugDescription
    @unknown default: return "\(error)"
    }
}

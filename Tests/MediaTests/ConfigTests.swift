import Foundation
import Media
import TestSupport
import Testing

@Suite("Processor configurations")
struct ConfigTests {
    private func parse(_ json: String) throws -> VisionProcessorConfig {
        try VisionProcessorConfig(json: Data(json.utf8), name: "preprocessor_config.json")
    }

    @Test("Both spellings of the pixel bounds are read, the top-level one wins")
    func bounds() throws {
        #expect(
            try parse(#"{"min_pixels": 3136, "max_pixels": 12845056}"#)
                == VisionProcessorConfig(minPixels: 3136, maxPixels: 12_845_056))
        let size = #""size": {"shortest_edge": 784, "longest_edge": 50176}"#
        #expect(try parse("{\(size)}") == VisionProcessorConfig(minPixels: 784, maxPixels: 50176))
        #expect(try parse("{\(size), \"max_pixels\": 9000}") == VisionProcessorConfig(minPixels: 784, maxPixels: 9000))
        #expect(try parse("{}") == .imageDefaults)
        let full = """
            {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
             "rescale_factor": 0.5, "do_resize": false, "do_rescale": false, "do_normalize": false, "resample": 3,
             "image_processor_type": "Qwen2VLImageProcessorFast", "device": null}
            """
        let config = try parse(full)
        #expect(config.factor == 32 && config.patchValues == 1536)
        #expect(
            config.imageMean == [0.5, 0.5, 0.5] && config.imageStd == [0.5, 0.5, 0.5] && config.rescaleFactor == 0.5)
        #expect(!config.doResize && !config.doRescale && !config.doNormalize)
    }

    @Test("Settings that would be ignored or divide by zero are refused with their key")
    func refusals() throws {
        for (json, key) in [
            (#"{"resample": 2}"#, "resample"), (#"{"size": {"height": 224, "width": 224}}"#, "size"),
            (#"{"do_center_crop": true}"#, "do_center_crop"), (#"{"do_pad": true}"#, "do_pad"),
            (#"{"patch_size": 0}"#, "patch_size"), (#"{"max_pixels": -1}"#, "max_pixels"),
            (#"{"image_std": [0, 1, 1]}"#, "image_std"), (#"{"image_mean": [0.5]}"#, "image_mean"),
            (#"{"patch_size": "x"}"#, "patch_size"), ("[1]", "preprocessor_config.json"),
            ("{", "preprocessor_config.json"),
        ] {
            let error = #expect(throws: MediaError.self) { try parse(json) }
            #expect(error?.description.contains(key) == true, "\(json): \(String(describing: error))")
        }
    }

    @Test("A model folder is searched in transformers' order")
    func folders() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: MediaError.self) { try VisionProcessorConfig.image(modelFolder: folder.url) }
        #expect(error?.description.contains("preprocessor_config.json") == true)
        try folder.write("preprocessor_config.json", #"{"min_pixels": 100, "max_pixels": 200}"#)
        #expect(try VisionProcessorConfig.image(modelFolder: folder.url).maxPixels == 200)
        #expect(try VisionProcessorConfig.video(modelFolder: folder.url).minPixels == 100)
        try folder.write("video_preprocessor_config.json", "{}")
        #expect(try VisionProcessorConfig.video(modelFolder: folder.url) == .videoDefaults)
        try folder.write(
            "processor_config.json",
            #"{"image_processor": {"max_pixels": 5000}, "video_processor": {"max_pixels": 6000}}"#)
        #expect(try VisionProcessorConfig.image(modelFolder: folder.url).maxPixels == 5000)
        #expect(try VisionProcessorConfig.video(modelFolder: folder.url).maxPixels == 6000)
        try folder.write("processor_config.json", "nonsense")
        #expect(throws: MediaError.self) { try VisionProcessorConfig.image(modelFolder: folder.url) }
    }

    @Test("Normalisation can be switched off")
    func raw() throws {
        var config = VisionProcessorConfig(minPixels: 784, maxPixels: 784)
        config.doNormalize = false
        let image = try Image(width: 28, height: 28, bytes: Array(repeating: 51, count: 3 * 28 * 28))
        #expect(
            try config.patches(of: image, limits: nil).values == Array(repeating: 51 * Float(1 / 255.0), count: 4704))
        config.doRescale = false
        #expect(try config.patches(of: image, limits: nil).values == Array(repeating: 51, count: 4704))
        config.doResize = false
        #expect(try config.patches(of: image, limits: nil).grid == PatchGrid(time: 1, height: 2, width: 2))
        let odd = try Image(width: 30, height: 28, bytes: Array(repeating: 51, count: 3 * 30 * 28))
        #expect(throws: MediaError.self) { try config.patches(of: odd, limits: nil) }
    }
}

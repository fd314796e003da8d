import Foundation
import JSON
import Synchronization

/// The demo: pictures of cubes, cylinders, rings, star badges and lamps with counts in their corners, Chinese rules about
/// them, and everything two trainings need except the random weights.
public enum DemoTask {
    /// Draws the pictures and writes the data sets, the tiny Qwen2.5-VL's configuration and tokenizer, and both YAML files.
    ///
    /// The files depend on `seed` and `sizes` alone. Files of an earlier call are replaced; other files stay.
    /// - Parameters:
    ///   - folder: made when missing. Paths in the YAML files start with it as it was given.
    ///   - seed: chooses scenes, questions, rules, colours and noise.
    ///   - sizes: how many pictures of each kind.
    ///   - numThreads: how many threads draw; the files do not depend on it.
    ///   - progress: called now and then, from any of those threads, one call at a time.
    /// - Throws: ``DemoError`` for sizes that make no sense or a picture that cannot be encoded, or Foundation's error for
    ///   a file that cannot be written.
    public static func write(
        to folder: String = "demo", seed: UInt64 = 0, sizes: DemoSizes = .standard, numThreads: Int = 2,
        progress: @escaping @Sendable (DemoProgress) -> Void = { _ in }
    ) throws -> DemoPaths {
        guard min(sizes.numSeeing, sizes.numRulesTrain, sizes.numRulesTest) >= 2 else {
            throw DemoError("the demo needs at least 2 pictures of each kind, not \(sizes).")
        }
        let paths = DemoPaths(folder: URL(filePath: folder))
        let sets = sampleSets(seed: seed, sizes: sizes)
        try drawPictures(of: sets, to: paths.data.appending(path: "images"), numThreads: numThreads, progress: progress)
        for set in sets {
            let rows = set.samples.enumerated().map { $1.record(image: "images/\(set.pictureName($0))") }
            try JSONValue.array(rows).data(openLevels: 1).write(
                to: paths.data.appending(path: set.file), options: .atomic)
        }
        try DatasetInfo.json.data().write(to: paths.data.appending(path: "dataset_info.json"), options: .atomic)
        try writeModel(to: paths.model)
        try Data(StageYAML.see(folder: folder).utf8).write(to: paths.seeYAML, options: .atomic)
        try Data(StageYAML.rules(folder: folder).utf8).write(to: paths.rulesYAML, options: .atomic)
        let sheet = try ContactSheet(samples: Array((sets.last?.samples ?? []).prefix(ContactSheet.numSamples)))
        try sheet.png().write(to: paths.contactSheet, options: .atomic)
        return paths
    }

    /// One data set: its file and its rows.
    struct SampleSet: Sendable {
        let file: String
        let samples: [DemoSample]

        func pictureName(_ index: Int) -> String {
            let digits = String(index)
            let stem = file.replacing(".json", with: "")
            return "\(stem)_\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).png"
        }
    }

    static func sampleSets(seed: UInt64, sizes: DemoSizes) -> [SampleSet] {
        let rulesTrain = DemoSample.rules(seed: seed, stream: 2, count: sizes.numRulesTrain)
        let rulesTest = DemoSample.rules(seed: seed, stream: 3, count: sizes.numRulesTest)
        let seeing = (0..<sizes.numSeeing).map { DemoSample.seeing(seed: seed, index: $0) }
        return zip(DatasetInfo.files, [seeing, rulesTrain, rulesTest]).map { SampleSet(file: $0.1, samples: $1) }
    }

    private static func writeModel(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let tokenizer = try DemoTokenizer(fragments: TokenizerText.fragments, maxMerges: 1000)
        let shape = ModelShape()
        var files = try tokenizer.files()
        files["config.json"] = shape.config(tokenizer: tokenizer).data()
        files["generation_config.json"] = shape.generationConfig(tokenizer: tokenizer).data()
        files["preprocessor_config.json"] = shape.preprocessorConfig.data()
        for (name, data) in files { try data.write(to: folder.appending(path: name), options: .atomic) }
    }
}

extension DemoTask {
    private static func drawPictures(
        of sets: [SampleSet], to folder: URL, numThreads: Int, progress: @escaping @Sendable (DemoProgress) -> Void
    ) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let jobs = sets.flatMap { set in
            set.samples.enumerated().map { (sample: $1, url: folder.appending(path: set.pictureName($0))) }
        }
        let failure = Mutex<(any Error)?>(nil)
        let numDrawn = Mutex(0)
        let numWorkers = max(1, numThreads)
        DispatchQueue.concurrentPerform(iterations: numWorkers) { worker in
            do {
                for index in stride(from: worker, to: jobs.count, by: numWorkers) {
                    if failure.withLock({ $0 != nil }) { return }
                    var random = jobs[index].sample.random
                    let picture = try SceneArtist().draw(jobs[index].sample.scene, using: &random)
                    try picture.png().write(to: jobs[index].url)
                    numDrawn.withLock { drawn in
                        drawn += 1
                        if drawn.isMultiple(of: 50) || drawn == jobs.count {
                            progress(DemoProgress(numDrawn: drawn, numTotal: jobs.count))
                        }
                    }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

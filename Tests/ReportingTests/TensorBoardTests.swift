import Basics
import Foundation
import JSON
import TestSupport
import Testing

@testable import Reporting

@Suite struct TensorBoardTests {
    @Test func `CRC32C gives the published check value`() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    }

    @Test func `An event file equals TensorBoard's own byte for byte`() throws {
        try TemporaryFolder.with { folder in
            let file = try EventFile(folder: folder + "/runs/x", purgeStep: 3, wallTime: 1_700_000_000.25)
            try file.text("args", "{\"output_dir\": \"结果\"}", wallTime: 1_700_000_001.5)
            let record: LogRecord = [
                "loss": 11.964656829833984, "learning_rate": 0.0, "eval_loss": .double(.nan),
                "num_input_tokens_seen": 520,
                "step": 300,
            ]
            try file.log(record, step: 300, wallTime: 1_700_000_002)
            let bytes = try #require(try Files.read(file.path))
            #expect(bytes == (try fixture("events.bin")))
            #expect(file.path.contains("/runs/x/events.out.tfevents.1700000000."))
            #expect(file.path.hasSuffix(".\(ProcessInfo.processInfo.processIdentifier).0"))
        }
    }

    @Test func `A second file of the same second gets the next number`() throws {
        try TemporaryFolder.with { folder in
            let first = try EventFile(folder: folder, wallTime: 5)
            let second = try EventFile(folder: folder, wallTime: 5)
            #expect(first.path.hasSuffix(".0") && second.path.hasSuffix(".1"))
            #expect(first.path.contains("tfevents.0000000005."))
        }
    }

    @Test func `Tags are Hugging Face's`() {
        let keys = ["loss", "eval_loss", "test_x", "grad_norm", "eval_runtime", "rewards/accuracies"]
        #expect(
            keys.map(EventFile.tag) == [
                "train/loss", "eval/loss", "test/x", "train/grad_norm", "eval/runtime", "train/rewards/accuracies",
            ])
    }

    @Test func `The default folder is Hugging Face's`() {
        let folder = EventFile.defaultFolder(outputFolder: "out", wallTime: 1_700_000_000)
        #expect(folder.wholeMatch(of: /out\/runs\/Nov1[45]_\d\d-\d\d-\d\d_.+/) != nil, "\(folder)")
    }

    @Test func `A folder that cannot be made is a clear error`() throws {
        let error = #expect(throws: FileError.self) { try EventFile(folder: "/dev/null/x") }
        #expect(error?.description.contains("/dev/null") == true)
    }
}

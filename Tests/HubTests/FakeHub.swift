import Crypto
import Foundation
import LocalServer
import Synchronization
import Web

@testable import Hub

/// A hub with one model and one data set, which can be made to misbehave.
final class FakeHub: Sendable {
    /// What is wrong with the hub.
    struct Faults: Sendable {
        /// Statuses of the next answers to requests of files.
        var statuses: [Int] = []
        /// Bytes after which the next files are cut.
        var cuts: [Int] = []
        /// Where files are redirected to.
        var redirect: String?
        /// Serves wrong bytes.
        var isWrong = false
        /// Another path than the repository's own in the list.
        var extraPath: String?
        var asksForKey = false
    }

    let server: LocalServer
    let faults: SharedFaults
    let home: String

    static let commit = String(repeating: "ab12", count: 10)
    static let weights = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    static let config = Array("{\"model_type\": \"qwen2\"}".utf8)

    static let model: [(path: String, bytes: [UInt8])] = [
        ("config.json", config), ("model.safetensors", weights), ("pytorch_model.bin", weights),
        ("modeling.py", config),
        ("sub/extra.json", config),
    ]
    static let dataset: [(path: String, bytes: [UInt8])] = [
        ("README.md", Array("# Pets\n".utf8)),
        ("data/train-00000-of-00002.jsonl", Array("{\"query\": \"a\", \"response\": \"b\"}\n".utf8)),
        ("data/train-00001-of-00002.jsonl", Array("{\"query\": \"c\", \"response\": \"d\"}\n".utf8)),
        ("data/test-00000-of-00001.jsonl", Array("{\"query\": \"e\", \"response\": \"f\"}\n".utf8)),
    ]

    static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }
    static func gitBlob(_ bytes: [UInt8]) -> String {
        Insecure.SHA1.hash(data: Data("blob \(bytes.count)\0".utf8) + bytes).map { String(format: "%02x", $0) }.joined()
    }

    init(hasChecksums: Bool = true) throws {
        let faults = SharedFaults()
        home = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)").path
        server = try LocalServer { request in Self.answer(request, faults, hasChecksums) }
        self.faults = faults
    }

    deinit {
        server.close()
        try? FileManager.default.removeItem(atPath: home)
    }

    func client(_ extra: [String: String] = [:], say: @escaping @Sendable (String) -> Void = { _ in }) -> HubClient {
        let variables = [
            "HF_ENDPOINT": server.url, "MODELSCOPE_ENDPOINT": server.url, "HF_HOME": home,
            "MODELSCOPE_CACHE": home + "/ms",
        ].merging(extra) { $1 }
        return HubClient(
            HubEnvironment(variables), web: WebClient(connectSeconds: 2, stallSeconds: 2),
            retry: RetryPolicy(maxAttempts: 3, firstSeconds: 0.01, maxSeconds: 0.02, maxServerSeconds: 1), say: say)
    }

    private static func answer(_ request: LocalServer.Request, _ faults: SharedFaults, _ hasChecksums: Bool)
        -> LocalServer.Reply
    {
        let path = request.path.split(separator: "?").first.map(String.init) ?? ""
        if faults.withLock({ $0.asksForKey }), request.headers["authorization"] != "Bearer hf_secret" {
            return .init(401)
        }
        switch path {
        case "/api/models/org/tiny/revision/main": return .init(text: list(model, faults, hasChecksums))
        case "/api/datasets/org/pets/revision/main": return .init(text: list(dataset, faults, hasChecksums))
        case "/api/v1/models/org/tiny-1.5/repo/files", "/api/v1/datasets/org/pets/repo/tree":
            let files = (path.contains("models") ? model : dataset).map {
                "{\"Path\": \"\($0.path)\", \"Type\": \"blob\", \"Size\": \($0.bytes.count), \"Sha256\": \"\(sha256($0.bytes))\"}"
            }
            return .init(text: "{\"Code\": 200, \"Data\": {\"Files\": [\(files.joined(separator: ", "))]}}")
        default: break
        }
        for (prefix, files) in [
            ("/org/tiny/resolve/\(commit)/", model), ("/datasets/org/pets/resolve/\(commit)/", dataset),
        ] {
            if path.hasPrefix(prefix), let file = files.first(where: { prefix + $0.path == path }) {
                return send(file, request, faults)
            }
        }
        if let name = request.path.components(separatedBy: "FilePath=").last?.removingPercentEncoding,
            let file = (request.path.contains("/models/") ? model : dataset).first(where: { $0.path == name })
        {
            return send(file, request, faults)
        }
        return .init(404)
    }

    private static func list(_ files: [(path: String, bytes: [UInt8])], _ faults: SharedFaults, _ hasChecksums: Bool)
        -> String
    {
        var items = files.map { file in
            guard hasChecksums else { return "{\"rfilename\": \"\(file.path)\"}" }
            let large =
                file.bytes.count > 10_000
                ? ", \"lfs\": {\"sha256\": \"\(sha256(file.bytes))\", \"size\": \(file.bytes.count)}" : ""
            return
                "{\"rfilename\": \"\(file.path)\", \"size\": \(file.bytes.count), \"blobId\": \"\(gitBlob(file.bytes))\"\(large)}"
        }
        if let extra = faults.withLock({ $0.extraPath }) { items.append("{\"rfilename\": \"\(extra)\", \"size\": 1}") }
        return "{\"sha\": \"\(commit)\", \"siblings\": [\(items.joined(separator: ", "))]}"
    }

    private static func send(
        _ file: (path: String, bytes: [UInt8]), _ request: LocalServer.Request, _ faults: SharedFaults
    ) -> LocalServer.Reply {
        let (status, cut, redirect, isWrong) = faults.withLock { faults in
            (
                faults.statuses.isEmpty ? nil : faults.statuses.removeFirst(),
                faults.cuts.isEmpty || request.method == "HEAD" ? nil : faults.cuts.removeFirst(), faults.redirect,
                faults.isWrong
            )
        }
        let isLarge = file.bytes.count > 10_000
        let tag = isLarge ? sha256(file.bytes) : gitBlob(file.bytes)
        let headers = [("ETag", "\"\(tag)\"")]
        if let status { return .init(status, headers: status == 429 ? [("Retry-After", "0")] : []) }
        if let redirect { return .init(302, headers: headers + [("Location", redirect + request.path)]) }
        var bytes = file.bytes
        if isWrong { bytes[bytes.count / 2] ^= 1 }
        guard let range = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-").first,
            let start = Int(range)
        else { return .init(200, bytes, headers: headers, cutAfter: cut) }
        guard start < bytes.count else { return .init(416) }
        let place = ("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")
        return .init(206, Array(bytes[start...]), headers: headers + [place], cutAfter: cut)
    }

    /// Faults that the server's threads and the test share.
    final class SharedFaults: Sendable {
        private let faults = Mutex(Faults())
        func withLock<Result: Sendable>(_ body: (inout sending Faults) -> sending Result) -> Result {
            faults.withLock(body)
        }
    }
}

import Datasets
import Foundation
import JSON
import LocalServer
import Testing

@testable import Augment

/// A folder with an output, and an endpoint that answers as the test says.
private final class Bench {
    let server: LocalServer
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("augment-\(UUID().uuidString)")
    var output: String { folder.path + "/out.jsonl" }

    init(_ answer: @escaping @Sendable (LocalServer.Request) -> LocalServer.Reply) throws {
        server = try LocalServer(answer)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        server.close()
        try? FileManager.default.removeItem(at: folder)
    }

    func settings(_ change: (inout AugmentSettings) throws -> Void = { _ in }) throws -> AugmentSettings {
        var settings = AugmentSettings(baseURL: server.url + "/v1/", model: "tiny", prompt: "Ask about {text}")
        settings.keys = [try ReplyKey("question"), try ReplyKey("answer")]
        settings.firstRetrySeconds = 0.01
        settings.timeoutSeconds = 5
        settings.numParallel = 3
        settings.maxAttempts = 3
        try change(&settings)
        return settings
    }

    func run(_ settings: AugmentSettings, rows: [String], overwrites: Bool = false) async throws -> AugmentReport {
        let records = rows.enumerated().map {
            Record(
                members: [JSONMember("text", .string($1)), JSONMember("id", .int($0))], row: $0 + 1, file: "in.jsonl")
        }
        return try await AugmentRun(settings, records: records, outputPath: output).start(overwrites: overwrites)
    }

    func message(_ settings: AugmentSettings, rows: [String] = ["a"]) async -> String {
        do {
            _ = try await run(settings, rows: rows)
            return "no error"
        } catch { return "\(error)" }
    }

    var lines: [String] {
        let text = FileManager.default.contents(atPath: output).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").map(String.init).sorted()
    }
}

private func chat(_ content: String, finish: String = "stop") -> LocalServer.Reply {
    let value = JSONValue.object([
        JSONMember(
            "choices",
            .array([
                .object([
                    JSONMember("message", .object([JSONMember("content", .string(content))])),
                    JSONMember("finish_reason", .string(finish)),
                ])
            ]))
    ])
    return .init(text: value.text())
}

/// The last word of what was asked.
private func subject(_ request: LocalServer.Request) -> String {
    let messages = (try? JSONValue(parsing: request.body))?["messages"]?.arrayValue
    return messages?.last?["content"]?.stringValue?.split(separator: " ").last.map(String.init) ?? ""
}

@Suite struct AugmentTests {
    @Test func `rows become new rows, with what is kept of the old ones, and the request is OpenAI's`() async throws {
        let bench = try Bench { request in
            chat("```json\n{\"answer\": \"A \(subject(request))\", \"question\": \"Q?\"}\n```")
        }
        let settings = try bench.settings {
            $0.system = "About {id}"
            $0.keptColumns = ["id", "text"]
            $0.key = "sk-secret"
            $0.maxTokens = 50
        }
        let report = try await bench.run(settings, rows: ["cats", "dogs"])
        #expect(report.lines == ["2 rows kept, 0 dropped, 0 failed"])
        #expect(
            bench.lines == [
                #"{"id": 0, "text": "cats", "question": "Q?", "answer": "A cats"}"#,
                #"{"id": 1, "text": "dogs", "question": "Q?", "answer": "A dogs"}"#,
            ])
        let request = try #require(bench.server.requests.first { $0.body.contains("cats") })
        #expect(request.path == "/v1/chat/completions" && request.headers["authorization"] == "Bearer sk-secret")
        #expect(
            request.body
                == #"{"model": "tiny", "messages": [{"role": "system", "content": "About 0"}, {"role": "user", "content": "Ask about cats"}], "temperature": 0.9, "max_tokens": 50}"#
        )
        let files = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).map {
            String(
                decoding: FileManager.default.contents(atPath: bench.folder.path + "/" + $0) ?? Data(), as: UTF8.self)
        }
        #expect(!files.contains { $0.contains("sk-secret") })
    }

    @Test func `garbage is dropped with a reason that counts, after it was drawn again`() async throws {
        let replies = [
            "json": "{\"question\": \"q\", \"answer\": \"a json\"}", "prose": "Sure! Here is it: {\"question\": 1}",
            "nan": "{\"question\": \"q\", \"answer\": NaN}", "list": "[1]", "lack": "{\"question\": \"q\"}",
            "extra": "{\"question\": \"q\", \"answer\": \"a\", \"note\": 1}",
            "kind": "{\"question\": 1, \"answer\": \"a\"}",
            "empty": "{\"question\": \" \", \"answer\": \"a\"}", "comma": "{\"question\": \"q\", \"answer\": \"a\",}",
            "think": "<think>{}</think>\n{\"question\": \"q\", \"answer\": \"after thinking\"}",
            "twice": "{\"question\": \"Q\", \"answer\": \"A  json\"}",
        ]
        let bench = try Bench { request in
            switch subject(request) {
            case "cut": chat("{\"question\"", finish: "length")
            case "web": .init(text: "<html>")
            case "none": .init(text: "{\"choices\": [{\"message\": {\"content\": null}}]}")
            case "long": .init(400, text: "{\"error\": {\"message\": \"too long\\nfor it\"}}")
            case let name: chat(replies[name] ?? "")
            }
        }
        let settings = try bench.settings { $0.numParallel = 1 }
        let rows = ["json"] + replies.keys.filter { $0 != "json" }.sorted() + ["cut", "web", "none", "long"]
        let report = try await bench.run(settings, rows: rows)
        #expect(
            report.dropped == [
                "the reply is not JSON": 3, "the reply is JSON, but not an object {…}": 1,
                "the reply lacks the key 'answer'": 1,
                "the reply has a key that was not asked for, such as 'note'": 1,
                "'question' of the reply should be a text, it is a number": 1,
                "'question' of the reply is empty": 1, "a duplicate of another reply": 1,
                "the reply was cut off: raise --max-tokens": 1,
                "the endpoint's answer has no text": 1, "the endpoint refuses the request (400): too long for it": 1,
            ])
        #expect(report.failed == ["the endpoint's answer is no chat completion": 1])
        #expect(report.numKept == 2)
        #expect(report.lines.first == "2 rows kept, 12 dropped, 1 failed")
        #expect(report.lines.contains("  dropped 3: the reply is not JSON"))
        #expect(bench.server.requests.count { subject($0) == "nan" } == 3)
    }

    @Test func `a stopped run goes on, asks nothing twice, and its half-written end is mended`() async throws {
        let bench = try Bench { request in
            subject(request) == "no"
                ? chat("nonsense") : chat("{\"question\": \"q\", \"answer\": \"\(subject(request))\"}")
        }
        let settings = try bench.settings()
        _ = try await bench.run(settings, rows: ["a", "no", "b"])
        let before = bench.server.requests.count
        // A killed run: a row that no record tells of, and half a record.
        for (path, text) in [
            (bench.output, "{\"question\": \"half"), (bench.output + ".progress", "{\"row\": 4, \"var"),
        ] {
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(text.utf8))
        }
        let report = try await bench.run(settings, rows: ["a", "no", "b", "c", "A"])
        #expect(report.lines.first == "3 rows kept (2 by an earlier run), 2 dropped, 0 failed")
        #expect(report.dropped == ["the reply is not JSON": 1, "a duplicate of another reply": 1])
        #expect(bench.server.requests.count == before + 2)
        #expect(bench.lines == ["a", "b", "c"].map { "{\"question\": \"q\", \"answer\": \"\($0)\"}" })
        let other = try bench.settings { $0.temperature = 0.1 }
        #expect(await bench.message(other).contains("was begun with other settings or data: add --overwrite"))
        #expect(try await bench.run(other, rows: ["z"], overwrites: true).numKept == 1)
        #expect(bench.lines == ["{\"question\": \"q\", \"answer\": \"z\"}"])
        try FileManager.default.removeItem(atPath: bench.output + ".progress")
        #expect(await bench.message(other).contains("exists: add --overwrite"))
    }

    @Test func `variants are asked for one by one, and rules drop with their own words`() async throws {
        let count = Counter()
        let bench = try Bench { _ in
            chat(
                "{\"question\": \"q\", \"answer\": \"\(["no", "a longer answer", "forbidden word here", "very " + String(repeating: "x", count: 50)][count.next() % 4])\"}"
            )
        }
        let settings = try bench.settings {
            $0.numVariants = 4
            $0.numParallel = 1
            $0.rules = [
                try ReplyRule(key: "answer", .minLength(5)), try ReplyRule(.maxLength(40)),
                try ReplyRule(.lacks("forbidden")),
                try ReplyRule(key: "question", .matches("^q$")), try ReplyRule(.contains("answer")),
            ]
        }
        let report = try await bench.run(settings, rows: ["a"])
        #expect(
            report.dropped == [
                "shorter than 5 characters (answer)": 1, "longer than 40 characters": 1, "contains 'forbidden'": 1,
            ])
        #expect(bench.lines == [#"{"question": "q", "answer": "a longer answer"}"#])
        #expect(throws: AugmentError.self) { try ReplyRule(.matches("(")) }
    }

    @Test func `passing failures are waited for; a hanging endpoint and a broken one end the run`() async throws {
        let count = Counter()
        let bench = try Bench { request in
            if subject(request) == "hang" { return .init(hangs: true) }
            if subject(request) == "down" { return .init(503) }
            return [
                .init(429, headers: [("Retry-After", "0")]), .init(500),
                chat("{\"question\": \"q\", \"answer\": \"a\"}"),
            ][count.next() % 3]
        }
        var settings = try bench.settings { $0.numParallel = 1 }
        #expect(try await bench.run(settings, rows: ["a"]).numKept == 1)
        settings.timeoutSeconds = 0.2
        settings.maxAttempts = 2
        let report = try await bench.run(settings, rows: ["a", "hang", "down"])
        #expect(report.numFailed == 2 && report.failed["the endpoint answers with status 503"] == 1, "\(report)")
        #expect(report.lines.last == "Run the command again to try the failed rows once more.")
        let stopped = await bench.message(
            try bench.settings { $0.maxAttempts = 1 }, rows: ["a"] + Array(repeating: "down", count: 40))
        #expect(
            stopped.contains(
                "10 requests one after another failed, the last because the endpoint answers with status 503"))
    }

    @Test func `what no request can mend stops at once`() async throws {
        let bench = try Bench { request in
            request.headers["authorization"] == nil
                ? .init(404, text: "{\"error\": \"no such model\"}")
                : .init(401, text: "{\"error\": {\"message\": \"bad key sk-secret\"}}")
        }
        let refused = await bench.message(try bench.settings { $0.key = "sk-secret" })
        #expect(refused == "the endpoint refuses the key (401): bad key …: set OPENAI_API_KEY")
        #expect(
            await bench.message(try bench.settings()).contains(
                "/v1/chat/completions does not exist (404): no such model: check the base URL"))
        #expect(
            await bench.message(try bench.settings { $0.prompt = "{nothing} {text}" }).contains(
                "no row has the column 'nothing': the rows have 'id', 'text'"))
        #expect(
            await bench.message(try bench.settings { $0.baseURL = "localhost" }).contains(
                "is not an address that begins with http"))
        #expect(
            await bench.message(try bench.settings { $0.rules = [try ReplyRule(key: "x", .minLength(1))] }).contains(
                "a rule is about the key 'x'"))
        #expect(throws: AugmentError.self) { try ReplyKey("a:thing") }
    }

    @Test func `braces that name no column are text`() {
        let record = Record(
            members: [JSONMember("a b", .string("1")), JSONMember("n", .array([.int(2)]))], row: 1, file: "f")
        let template = PromptTemplate("{a b} {\"key\": 1} {{n}} {n} {} {x: y}")
        #expect(template.fields == ["a b", "n"])
        #expect(template.text(for: record) == "1 {\"key\": 1} {n} [2] {} {x: y}")
        #expect(PromptTemplate("{missing}").text(for: record) == nil)
    }
}

import Synchronization

private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}

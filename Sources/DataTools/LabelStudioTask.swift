import Datasets
import Foundation
import JSON

/// One task of an export.
struct LabelStudioTask {
    /// The path of the image, relative to Label Studio's folder of files.
    private(set) var image: String?
    /// The text that was labelled.
    private(set) var text: String?
    /// The question that the task itself asks.
    private(set) var question: String?
    /// The answer of each control of the labelling page.
    private(set) var answers: [(name: String, text: String)] = []
    /// All labels that were chosen.
    private(set) var choices: [String] = []
    /// Why the task cannot be used.
    private(set) var problem: String?

    init(_ record: Record) {
        if let data = record["data"]?.members,
            let annotations = (record["annotations"] ?? record["completions"])?.arrayValue
        {
            readData(data)
            readAnnotations(annotations)
        } else {
            readShort(record.members)
        }
    }

    private mutating func readData(_ members: [JSONMember]) {
        for member in members {
            guard let value = member.value.stringValue else { continue }
            if let path = Self.path(value) {
                image = image ?? path
            } else if value.hasPrefix("http://") || value.hasPrefix("https://") || value.hasPrefix("s3://") {
                problem = "the image '\(value)' is on the network: download the files and export with local paths"
            } else if ["question", "prompt"].contains(member.key) {
                question = value
            } else if ["text", "review", "sentence"].contains(member.key) {
                text = value
            }
        }
        if image == nil, text == nil, problem == nil { problem = "the task has neither an image nor a text" }
    }

    /// The first annotation that was not cancelled, the ground truth before others.
    private mutating func readAnnotations(_ annotations: [JSONValue]) {
        let valid = annotations.filter { $0["was_cancelled"] != .bool(true) && $0["skipped"] != .bool(true) }
        let chosen = valid.first { $0["ground_truth"] == .bool(true) } ?? valid.first
        for result in chosen?["result"]?.arrayValue ?? [] {
            let name = result["from_name"]?.stringValue ?? result["type"]?.stringValue ?? "answer"
            let kind = result["type"]?.stringValue ?? ""
            let value = result["value"]
            if let list = (value?["choices"] ?? value?["taxonomy"]?.arrayValue?.first)?.arrayValue {
                let names = list.compactMap(\.stringValue)
                choices += names
                add(name, names)
            } else if let text = value?["text"] {
                add(name, text.arrayValue?.compactMap(\.stringValue) ?? [text.stringValue].compactMap(\.self))
            } else if let rating = value?["rating"] ?? value?["number"] {
                add(name, [rating.pythonText])
            } else {
                problem =
                    "the task has a '\(kind)' annotation: only choices, text, ratings and numbers can become an answer"
            }
        }
    }

    /// JSON-MIN: the data and the answers are columns of one object.
    private mutating func readShort(_ members: [JSONMember]) {
        let known: Set = [
            "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "file_upload", "agreement",
        ]
        readData(members.filter { !known.contains($0.key) })
        for member in members where !known.contains(member.key) {
            if let value = member.value.stringValue {
                let isData = Self.path(value) != nil || value == text || value == question || value.contains("://")
                guard !isData else { continue }
                choices.append(value)
                add(member.key, [value])
            } else if let list = (member.value["choices"] ?? member.value["text"])?.arrayValue {
                let names = list.compactMap(\.stringValue)
                if member.value["choices"] != nil { choices += names }
                add(member.key, names)
            } else if case .int = member.value {
                add(member.key, [member.value.pythonText])
            } else if member.value.arrayValue?.first?.members != nil {
                problem =
                    "the task has regions in '\(member.key)': only choices, text, ratings and numbers can become an answer"
            }
        }
    }

    private mutating func add(_ name: String, _ texts: [String]) {
        let text = texts.joined(separator: ", ")
        guard !text.isEmpty else { return }
        if let place = answers.firstIndex(where: { $0.name == name }) {
            answers[place].text += ", " + text
        } else {
            answers.append((name, text))
        }
    }

    /// The path in Label Studio's address of a file: `/data/local-files/?d=a/b.jpg`, `/data/upload/1/c.jpg`; plain paths as they
    /// are; nil for what is none.
    static func path(_ value: String) -> String? {
        if let mark = value.range(of: "/data/local-files/?d=") {
            let path = value[mark.upperBound...].prefix { $0 != "&" }
            return String(path).removingPercentEncoding ?? String(path)
        }
        if let mark = value.range(of: "/data/upload/") {
            let path = "upload/" + value[mark.upperBound...].prefix { $0 != "?" }
            return path.removingPercentEncoding ?? path
        }
        guard !value.contains("://"), !value.contains("\n") else { return nil }
        let ending = URL(fileURLWithPath: value).pathExtension.lowercased()
        return ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"].contains(ending) ? value : nil
    }
}

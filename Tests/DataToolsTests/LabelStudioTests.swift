import Datasets
import JSON
import Media
import Prompting
import Testing

@testable import DataTools

@Suite struct LabelStudioTests {
    private static func task(_ data: String, _ results: String..., more: String = "") -> String {
        #"{"id": 1, "data": \#(data), "annotations": [\#(more){"was_cancelled": false, "result": [\#(results.joined(separator: ","))]}], "predictions": []}"#
    }

    private static func choice(_ labels: String, name: String = "class") -> String {
        #"{"from_name": "\#(name)", "to_name": "image", "type": "choices", "value": {"choices": [\#(labels)]}}"#
    }

    private static let exports = [
        task(#"{"image": "/data/local-files/?d=photos/lamp%201.jpg"}"#, choice(#""on""#)),
        task(#"{"image": "/data/upload/3/0a1b-lamp.jpg"}"#, choice(#""off""#)),
        task(#"{"image": "a.png", "question": "Lamp?"}"#, choice(#""on", "red""#)),
        task(
            #"{"image": "a.png"}"#, choice(#""on""#),
            #"{"from_name": "note", "type": "textarea", "value": {"text": ["bright", "warm"]}}"#),
        task(#"{"text": "Nice lamp"}"#, choice(#""on""#)),
        task(
            #"{"image": "a.png"}"#, choice(#""off""#),
            more: #"{"was_cancelled": true, "result": [\#(choice(#""bad""#))]}, "#),
        task(#"{"image": "a.png"}"#),
        task(#"{"image": "a.png"}"#, #"{"type": "rectanglelabels", "value": {"rectanglelabels": ["on"], "x": 1}}"#),
        task(#"{"image": "https://example.org/a.png"}"#, choice(#""on""#)),
    ]

    @Test func `choices and texts become answers, addresses of files become paths`() throws {
        let tasks = try records(Self.exports)
        #expect(LabelStudioImport.isExport(tasks))
        let labels = LabelStudioImport(tasks)
        let asked = "What does the image show? Answer with one of: on, off, red."
        func picture(_ path: String, _ question: String, _ answer: String) -> Conversation {
            Conversation(
                messages: [Message(.user, "<image>" + question), Message(.assistant, answer)],
                images: [.file(path: path)])
        }
        let rows = tasks.map { labels.row($0, dataset: "d") }
        #expect(
            rows.compactMap(\.kept?.conversation) == [
                picture("photos/lamp 1.jpg", asked, "on"), picture("upload/3/0a1b-lamp.jpg", asked, "off"),
                picture("a.png", "Lamp?", "on, red"), picture("a.png", asked, "class: on\nnote: bright, warm"),
                Conversation(
                    messages: [
                        Message(.user, "What is the label of this text? Answer with one of: on, off, red.\nNice lamp"),
                        Message(.assistant, "on"),
                    ]), picture("a.png", asked, "off"),
            ])
        #expect(
            rows.compactMap { row -> String? in
                if case .dropped(let reason, _) = row { reason.description } else { nil }
            } == [
                "the task has no annotation: label it, or leave it out of the export",
                "the task has a 'rectanglelabels' annotation: only choices, text, ratings and numbers can become an answer",
                "the image 'https://example.org/a.png' is on the network: download the files and export with local paths",
            ])
        let own = LabelStudioImport(tasks, question: "On?").row(tasks[2], dataset: "d")
        #expect(own.kept?.conversation.messages.first?.content == "<image>On?")
    }

    @Test func `the short form is read as well`() throws {
        let common =
            #""id": 1, "annotator": 1, "annotation_id": 2, "created_at": "2026", "updated_at": "2026", "lead_time": 3.5"#
        let tasks = try records([
            #"{"image": "/data/local-files/?d=a.jpg", "class": "cat", \#(common)}"#,
            #"{"image": "/data/upload/1/b.jpg", "class": {"choices": ["cat", "dog"]}, "stars": 4, \#(common)}"#,
            #"{"text": "Nice", "mood": "good", \#(common)}"#,
            #"{"image": "a.jpg", "box": [{"x": 1, "rectanglelabels": ["a"]}], \#(common)}"#,
        ])
        #expect(LabelStudioImport.isExport(tasks))
        let labels = LabelStudioImport(tasks, question: "Which?")
        let rows = tasks.map { labels.row($0, dataset: "d") }
        #expect(
            rows.compactMap(\.kept?.conversation) == [
                Conversation(
                    messages: [Message(.user, "<image>Which?"), Message(.assistant, "cat")],
                    images: [.file(path: "a.jpg")]),
                Conversation(
                    messages: [Message(.user, "<image>Which?"), Message(.assistant, "class: cat, dog\nstars: 4")],
                    images: [.file(path: "upload/1/b.jpg")]),
                Conversation(messages: [Message(.user, "Which?\nNice"), Message(.assistant, "good")]),
            ])
        #expect(!LabelStudioImport.isExport(try records([#"{"instruction": "a", "output": "b"}"#])))
    }
}

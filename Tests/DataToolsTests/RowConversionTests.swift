import Datasets
import Foundation
import JSON
import Media
import Prompting
import TestSupport
import Testing

@testable import DataTools

@Suite struct RowConversionTests {
    private static let call = #"[{"name": "f", "arguments": {"a": "ä\n"}}, {"name": "g", "arguments": {}}]"#
    private static let conversations = [
        Conversation(
            system: "s", messages: [Message(.user, "<image>q"), Message(.assistant, "a")],
            images: [.file(path: "media/x.png")]),
        Conversation(
            tools: #"[{"name": "f"}]"#,
            messages: [
                Message(.user, "q"), Message(.function, call),
                Message(.observation, "1\n</tool_response>\n<tool_response>\n2"),
                Message(.assistant, "a"), Message(.user, "q2"), Message(.assistant, "a2"),
            ]),
        Conversation(
            messages: [Message(.user, "1"), Message(.assistant, "2"), Message(.user, "3\n"), Message(.assistant, "")]),
    ]

    @Test(arguments: RowConversion.Form.allCases)
    func `what is converted is read back as the same conversations, registered or not`(_ form: RowConversion.Form)
        throws
    {
        let folder = try TemporaryFolder(["media/x.png": "png"])
        let conversion = RowConversion(to: form, mediaFolder: "media")
        var rows: [[JSONMember]] = []
        var kept: [Conversation] = []
        for conversation in Self.conversations {
            switch conversion.row(conversation) {
            case .row(let members):
                rows.append(members)
                kept.append(conversation)
            case .dropped(let reason):
                #expect(form == .alpaca && reason.description.hasPrefix("calls of tools have no place in alpaca data"))
            }
        }
        #expect(kept.count == (form == .alpaca ? 2 : 3))
        for ending in ["json", "jsonl"] {
            let file = "\(folder.path)/data.\(ending)"
            try RowFile.write(rows, to: file)
            try DatasetRegistration.add("registered", file: file, entry: conversion.entry(for: rows))
            let catalog = try DatasetCatalog(folder: folder.path, mediaFolder: folder.path + "/media")
            for name in ["registered", "data.\(ending)"] {
                let read = try catalog.load(name).keptRows.map { row in
                    var conversation = row.conversation
                    conversation.images = conversation.images.isEmpty ? [] : [.file(path: "media/x.png")]
                    return conversation
                }
                #expect(read == kept, "\(name)")
            }
        }
    }

    @Test(arguments: RowConversion.Form.allCases, [DataPurpose.pairs, .verdicts])
    func `pairs and verdicts are read back as they were, registered or not`(
        _ form: RowConversion.Form, _ purpose: DataPurpose
    ) throws {
        let folder = try TemporaryFolder(), conversion = RowConversion(to: form, mediaFolder: "")
        let preferences: [RowPreference] =
            purpose == .pairs
            ? [.better(than: Message(.assistant, "no")), .better(than: Message(.assistant, "坏"))]
            : [.verdict(isGood: true, other: nil), .verdict(isGood: false, other: nil)]
        let conversations = [Self.conversations[0], Self.conversations[2]].map { conversation in
            var conversation = conversation
            conversation.messages[0].content = "q"
            conversation.messages[conversation.messages.count - 1].content = "a"
            conversation.images = []
            return conversation
        }
        var rows: [[JSONMember]] = []
        for (conversation, preference) in zip(conversations, preferences) {
            switch conversion.row(conversation, preference) {
            case .row(let members): rows.append(members)
            case .dropped(let reason):
                #expect(
                    form == .openai && reason.description.hasPrefix("pairs of answers have no place in openai data"))
            }
        }
        guard !rows.isEmpty else { return }
        let file = "\(folder.path)/data.jsonl"
        try RowFile.write(rows, to: file)
        try DatasetRegistration.add("registered", file: file, entry: conversion.entry(for: rows))
        #expect(DatasetCatalog.purpose(of: "registered", in: folder.path) == purpose)
        let catalog = try DatasetCatalog(folder: folder.path, purpose: purpose)
        for name in ["registered", "data.jsonl"] {
            let read = try catalog.load(name).keptRows
            #expect(read.map(\.conversation) == conversations && read.map(\.preference) == preferences, "\(name)")
        }
    }

    @Test func `entries are added beside others, and one of the same name is replaced`() throws {
        let folder = try TemporaryFolder([
            "dataset_info.json": #"{"old": {"file_name": "o.json"}, "new": {"file_name": "n.json"}}"#
        ])
        try DatasetRegistration.add("new", file: folder.path + "/m.json", entry: [.init("formatting", "sharegpt")])
        #expect(
            try JSONValue(parsing: folder.text("dataset_info.json")) == [
                "old": ["file_name": "o.json"], "new": ["file_name": "m.json", "formatting": "sharegpt"],
            ])
        let broken = try TemporaryFolder(["dataset_info.json": "[]"])
        #expect(
            message { try DatasetRegistration.add("new", file: broken.path + "/m.json", entry: []) }
                .hasSuffix(
                    "dataset_info.json: the file should hold one object with an entry for each data set: {\"name\": {…}}"
                ))
    }

    @Test func `a table is written as it is read, or refused`() throws {
        let folder = try TemporaryFolder()
        let rows = try records([
            #"{"instruction": "a, \"b\"\n", "n": 1, "t": true}"#, #"{"instruction": "c", "n": 2, "x": null}"#,
        ])
        try RowFile.write(rows.map(\.members), to: folder.path + "/a.csv")
        #expect(try folder.text("a.csv") == "instruction,n,t,x\n\"a, \"\"b\"\"\n\",1,True,\nc,2,,\n")
        #expect(
            message { try RowFile.write([[.init("a", "007")], [.init("a", "8")]], to: "a.csv") }
                == "a.csv, row 1: the column 'a' holds the text '007', which a .csv file gives back as '7': write .jsonl instead"
        )
        #expect(
            message { try RowFile.write([[.init("a", "b")], [.init("a", "NA")]], to: "a.csv") }
                == "a.csv, row 2: the column 'a' holds the text 'NA', which a .csv file gives back as '': write .jsonl instead"
        )
        #expect(
            message { try RowFile.write([], to: "a.parquet") }
                == "a.parquet: the output should end in .json, .jsonl or .csv")
    }

    @Test func `placeholders of identity data are filled, wherever they stand`() throws {
        let rows = try records([
            #"{"instruction": "hi", "output": "I am {{name}} by {{author}}.", "n": [{"a": "{{name}}"}]}"#,
            #"{"instruction": "你好", "output": "我是 {{name}}"}"#,
        ])
        #expect(
            try IdentityData.filled(rows, name: "Anna", author: "us").map { JSONValue.object($0).text() } == [
                #"{"instruction": "hi", "output": "I am Anna by us.", "n": [{"a": "Anna"}]}"#,
                #"{"instruction": "你好", "output": "我是 Anna"}"#,
            ])
        #expect(try IdentityData.filled(rows, name: "A", author: "b", language: .zh).count == 1)
        #expect(try IdentityData.filled(rows, name: "A", author: "b", language: .en)[0][0].value == "hi")
        let plain = try records([#"{"instruction": "hi"}"#])
        #expect(
            message { _ = try IdentityData.filled(plain, name: "A", author: "b") }
                .hasPrefix("rows.jsonl: no row has the placeholder {{name}} or {{author}}"))
        #expect(
            message { _ = try IdentityData.filled(plain, name: "A", author: "b", language: .zh) }
                == "rows.jsonl: no row is in the language 'zh'")
    }
}

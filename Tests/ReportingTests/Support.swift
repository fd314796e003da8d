import Basics
import Foundation
import JSON
import Testing

@testable import Reporting

/// The bytes of a fixture.
func fixture(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    return Array(try Data(contentsOf: folder.appending(path: name)))
}

/// The text of a fixture.
func fixtureText(_ name: String) throws -> String { String(decoding: try fixture(name), as: UTF8.self) }

/// A fixture as JSON.
func fixtureJSON(_ name: String) throws -> JSONValue { try JSONValue(json: fixture(name), path: name) }

extension JSONValue {
    var items: [JSONValue] { if case .array(let values) = self { values } else { [] } }
    var record: LogRecord { LogRecord(self) ?? [:] }
    var text: String? { if case .string(let text) = self { text } else { nil } }
}

/// The text of a file that a test has written.
func text(of path: String) throws -> String {
    String(decoding: try #require(try Files.read(path)), as: UTF8.self)
}

import Basics
import JSON

extension JSONValue {
    /// Reads a file's JSON as Python's `json.loads` does: NaN, Infinity and -Infinity are numbers, `1` and `1.0` differ, the
    /// last of repeated keys wins.
    /// - Parameter path: the file's name, for error messages.
    init(json bytes: [UInt8], path: String) throws(FileError) {
        do throws(JSONError) { try self.init(parsing: bytes) } catch {
            throw FileError(path, "line \(error.line): \(error.message).")
        }
    }

    /// The text of Python's `json.dumps(value, indent=indent, sort_keys=sortedKeys)`, in which everything outside ASCII is
    /// escaped.
    func json(indent: Int? = nil, sortedKeys: Bool = false) -> String {
        text(indent: indent, sortsKeys: sortedKeys, escapesNonASCII: true)
    }

    /// Python's `round` of a number: integers stay what they are.
    func rounded(_ places: Int) -> JSONValue {
        if case .double(let value) = self { .double(Python.round(value, places)) } else { self }
    }
}

import Basics
public import Datasets
import Foundation
public import JSON
import Reporting

/// Entries of a dataset_info.json.
public enum DatasetRegistration {
    /// Writes an entry into the dataset_info.json beside a data file; other entries stay as they are, one of the same name is
    /// replaced.
    ///
    /// - Returns: the path of the dataset_info.json.
    @discardableResult
    public static func add(_ name: String, file: String, entry: [JSONMember]) throws(DataError) -> String {
        let url = URL(fileURLWithPath: file)
        let path = url.deletingLastPathComponent().appendingPathComponent("dataset_info.json").path
        var members: [JSONMember] = []
        if FileManager.default.fileExists(atPath: path) {
            guard let records = try? RecordFile.read(path: path), records.count == 1 else {
                throw DataError(
                    "the file should hold one object with an entry for each data set: {\"name\": {…}}", file: path)
            }
            members = records[0].members
        }
        let value = JSONValue.object([JSONMember("file_name", .string(url.lastPathComponent))] + entry)
        if let place = members.firstIndex(where: { $0.key == name }) {
            members[place] = JSONMember(name, value)
        } else {
            members.append(JSONMember(name, value))
        }
        do { try AtomicFile.write(JSONValue.object(members).text(indent: 2) + "\n", to: path) } catch {
            throw DataError("\(error)")
        }
        return path
    }
}

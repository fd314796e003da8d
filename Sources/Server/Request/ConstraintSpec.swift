import Inference
import JSON

/// What a request says the answer must look like.
enum ConstraintSpec: Sendable, Equatable {
    case anything
    /// Some JSON object.
    case jsonObject
    case schema(JSONValue)
    case regex(String)
    case choice([String])

    /// Reads `response_format`, `structured_outputs` and vLLM's older `guided_…` fields, of which one may be set.
    init(_ fields: Fields) throws(APIError) {
        var found: [(String, ConstraintSpec)] = []
        if let format = try fields.object("response_format"), let spec = try Self.format(format) {
            found.append(("response_format", spec))
        }
        if let outputs = try fields.object("structured_outputs") {
            found += try Self.options(outputs, prefix: "").map { ("structured_outputs.\($0)", $1) }
        }
        found += try Self.options(fields, prefix: "guided_")
        guard found.count <= 1 else {
            throw fields.invalid(found[1].0, "excludes \(found[0].0): an answer can follow one rule only")
        }
        self = found.first?.1 ?? .anything
    }

    private static func format(_ format: Fields) throws(APIError) -> ConstraintSpec? {
        switch try format.string("type") {
        case "text": return nil
        case "json_object": return .jsonObject
        case "json_schema":
            guard let object = try format.object("json_schema") else {
                throw format.invalid("json_schema", "is missing")
            }
            guard let schema = object["schema"] ?? object["json_schema"] else {
                throw object.invalid("schema", "is missing")
            }
            return try json(schema, format.path + "json_schema.schema")
        case .some(let type):
            throw format.invalid("type", "\(quoted(type)) is none of text, json_object, json_schema")
        case nil: throw format.invalid("type", "is missing")
        }
    }

    private static func options(_ fields: Fields, prefix: String) throws(APIError) -> [(String, ConstraintSpec)] {
        var found: [(String, ConstraintSpec)] = []
        if let value = fields[prefix + "json"] {
            found.append((prefix + "json", try json(value, fields.path + prefix + "json")))
        }
        if let pattern = try fields.string(prefix + "regex") { found.append((prefix + "regex", .regex(pattern))) }
        if let items = try fields.array(prefix + "choice") {
            let choices = items.compactMap(\.stringValue)
            guard !choices.isEmpty, choices.count == items.count, !choices.contains("") else {
                throw fields.invalid(prefix + "choice", "must be a list of texts")
            }
            found.append((prefix + "choice", .choice(choices)))
        }
        if try fields.bool(prefix + "json_object") == true { found.append((prefix + "json_object", .jsonObject)) }
        for key in ["grammar", "structural_tag"] where fields[prefix + key] != nil {
            throw fields.invalid(prefix + key, "is not supported; json, regex and choice are")
        }
        return found
    }

    /// A schema as an object, or as JSON text.
    private static func json(_ value: JSONValue, _ field: String) throws(APIError) -> ConstraintSpec {
        guard let text = value.stringValue else { return .schema(value) }
        do {
            return .schema(try JSONValue(parsing: text))
        } catch {
            throw .invalid(field, "is not JSON: \(error)")
        }
    }
}

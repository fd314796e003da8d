import Foundation

/// Jinja's filters.
enum Filters {
    typealias Body = (Value, Arguments, Renderer) throws -> Value

    static var names: Set<String> { Set(table.keys) }

    static func apply(
        _ name: String, to value: Value, _ arguments: Arguments, _ renderer: Renderer
    ) throws -> Value {
        guard let filter = table[name] else { throw JinjaError("there is no filter named '\(name)'") }
        try renderer.enter()
        defer { renderer.leave() }
        return try filter(value, arguments, renderer)
    }

    nonisolated(unsafe) private static let table: [String: Body] = texts.merging(lists) { $1 }.merging(numbers) { $1 }

    /// Filters that look at one value.
    private static var numbers: [String: Body] {
        [
            "abs": { value, arguments, _ in
                _ = try arguments.bind(function: "abs")
                if let number = value.intValue {
                    guard number != .min else { throw JinjaError("a whole number is too large") }
                    return .int(Swift.abs(number))
                }
                guard case .double(let number) = value else {
                    throw JinjaError("bad operand type for abs(): '\(value.typeName)'")
                }
                return .double(Swift.abs(number))
            },
            "int": { value, arguments, _ in
                let bound = try arguments.bind("default", "base", function: "int")
                return int(value, base: try bound[1].int("base", default: 10)) ?? bound[0] ?? .int(0)
            },
            "float": { value, arguments, _ in
                let fallback = try arguments.bind("default", function: "float")[0]
                if let number = value.doubleValue { return .double(number) }
                return value.stringValue.flatMap(double).map(Value.double) ?? fallback ?? .double(0)
            },
            "round": round,
            "filesizeformat": { value, arguments, _ in
                let isBinary = try arguments.bind("binary", function: "filesizeformat")[0].flag()
                let number = value.doubleValue ?? value.stringValue.flatMap(double)
                guard let number else { throw JinjaError("could not convert to float: '\(value.typeName)'") }
                return .string(fileSize(number, isBinary: isBinary))
            },
            "default": defaulted, "d": defaulted,
            "string": { value, _, renderer in .string(try renderer.text(of: value)) },
            "safe": { value, _, renderer in .string(try renderer.text(of: value)) },
            "length": { value, _, renderer in .int(try renderer.length(of: value)) },
            "count": { value, _, renderer in .int(try renderer.length(of: value)) },
            "tojson": { value, arguments, renderer in .string(try json(value, arguments, renderer)) },
            "attr": { value, arguments, renderer in
                let name = try renderer.text(of: try arguments.bindOne("name", function: "attr"))
                return try renderer.onlyAttribute(name, of: value)
                    ?? .undefined(Undefined(.string(name), of: value))
            },
        ]
    }

    private static func defaulted(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let bound = try arguments.bind("default_value", "boolean", function: "default")
        let isMissing = value.isUndefined || (bound[1].flag() && !value.isTruthy)
        return isMissing ? bound[0] ?? .string("") : value
    }

    /// What Python's `int()` makes of a value, by way of a float if need be.
    private static func int(_ value: Value, base: Int) -> Value? {
        switch value {
        case .int, .largeInt: return value
        case .bool(let flag): return .int(flag ? 1 : 0)
        case .double(let number): return Int(exactly: number.rounded(.towardZero)).map(Value.int)
        case .string(let text):
            var digits = text.stripped()
            if digits.contains("_") {
                guard !digits.hasPrefix("_"), !digits.hasSuffix("_"), !digits.contains("__") else { return nil }
                digits = digits.filter { $0 != "_" }
            }
            let prefixes = [16: "0x", 8: "0o", 2: "0b"]
            if let prefix = prefixes[base], digits.lowercased().hasPrefix(prefix) {
                digits = String(digits.dropFirst(2))
            }
            if (2...36).contains(base), let number = Int(digits, radix: base) { return .int(number) }
            return double(text).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map(Value.int)
        default: return nil
        }
    }

    /// What Python's `float()` reads.
    private static func double(_ text: String) -> Double? {
        let text = text.stripped()
        let word = text.lowercased().drop { $0 == "+" || $0 == "-" }
        switch word {
        case "inf", "infinity": return text.hasPrefix("-") ? -.infinity : .infinity
        case "nan": return .nan
        default:
            guard word.first.map({ $0.isNumber || $0 == "." }) == true, !word.hasPrefix("0x") else { return nil }
            return Double(text.filter { $0 != "_" })
        }
    }

    private static func round(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let bound = try arguments.bind("precision", "method", function: "round")
        let precision = try bound[0].int("precision", default: 0)
        let method = try bound[1].text("method", default: "common")
        guard ["common", "ceil", "floor"].contains(method) else {
            throw JinjaError("method must be common, ceil or floor")
        }
        guard let number = value.doubleValue else {
            throw JinjaError("type \(value.typeName) doesn't define __round__ method")
        }
        let scale = pow(10.0, Double(precision))
        if method == "common" {
            if let whole = value.intValue {
                guard precision < 0, -precision < 19 else { return precision < 0 ? .int(0) : .int(whole) }
                let unit = Int(pow(10.0, Double(-precision)))
                return .int(Int((Double(whole) / Double(unit)).rounded(.toNearestOrEven)) * unit)
            }
            guard number.isFinite, precision < 300 else { return .double(number) }
            if precision < 0 { return .double((number * scale).rounded(.toNearestOrEven) / scale) }
            // printf rounds the exact binary value half to even, as Python does.
            return .double(Double(String(format: "%.\(precision)f", number)) ?? number)
        }
        let scaled = number * scale
        return .double((method == "ceil" ? scaled.rounded(.up) : scaled.rounded(.down)) / scale)
    }

    private static func fileSize(_ number: Double, isBinary: Bool) -> String {
        let base: Double = isBinary ? 1024 : 1000
        let names =
            isBinary
            ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
        if number == 1 { return "1 Byte" }
        if number < base { return "\(Int(number)) Bytes" }
        var unit = base
        for name in names {
            unit *= base
            if number < unit || name == names.last { return String(format: "%.1f ", base * number / unit) + name }
        }
        return ""
    }

    private static func json(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> String {
        let bound = try arguments.bind("ensure_ascii", "indent", "separators", "sort_keys", function: "tojson")
        var writer = JSONText(
            escapesNonASCII: bound[0].flag(), sortsKeys: bound[3].flag(), renderer: renderer)
        if let indent = bound[1].some {
            if let text = indent.stringValue {
                writer.indent = text
            } else {
                let width = try Value?.some(indent).int("indent")
                try renderer.allocate(max(0, width))
                writer.indent = String(repeating: " ", count: max(0, width))
            }
            writer.itemSeparator = ","
        }
        if let separators = bound[2].some {
            let pair = try renderer.iterate(separators)
            guard pair.count == 2 else { throw JinjaError("separators have to be a pair of texts") }
            writer.itemSeparator = try Value?.some(pair[0]).text("separator")
            writer.keySeparator = try Value?.some(pair[1]).text("separator")
            guard writer.itemSeparator.utf8.count + writer.keySeparator.utf8.count < 1000 else {
                throw JinjaError(.limit, "the separators of tojson are too long")
            }
        }
        return try writer.text(of: value)
    }
}

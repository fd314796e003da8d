import Foundation

/// The functions every template can call.
enum Globals {
    static var all: [String: Value] {
        functions.mapValues { .object($0) }
    }

    private static var functions: [String: Function] {
        [
            "range": Function("range", range),
            "namespace": Function("namespace", namespace),
            "dict": Function("dict") { arguments, renderer in .dict(try Value.Dict(pairs(arguments, renderer))) },
            "cycler": Function("cycler") { arguments, _ in .object(try Cycler(arguments.positional)) },
            "joiner": Function("joiner") { arguments, _ in
                .object(Joiner(try arguments.bind("sep", function: "joiner")[0].text("sep", default: ", ")))
            },
            "raise_exception": Function("raise_exception") { arguments, renderer in
                let message = try arguments.bindOne("message", function: "raise_exception")
                throw JinjaError(.raised, try renderer.text(of: message))
            },
            "strftime_now": Function("strftime_now") { arguments, renderer in
                let format = try arguments.bind("format", function: "strftime_now")[0].text("format")
                return .string(try format.formatted(renderer.now, renderer))
            },
        ]
    }

    private static func range(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let bounds = try arguments.positional.map { try Value?.some($0).int("range()'s argument") }
        guard (1...3).contains(bounds.count), arguments.named.isEmpty else {
            throw JinjaError("range() takes one to three whole numbers")
        }
        let step = bounds.count == 3 ? bounds[2] : 1
        guard step != 0 else { throw JinjaError("range() arg 3 must not be zero") }
        let (start, stop) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
        let far = 1 << 61
        guard [start, stop, step].allSatisfy({ -far < $0 && $0 < far }) else { throw tooLarge(renderer) }
        let range = Value.Range(start: start, stop: stop, step: step)
        guard range.count <= renderer.limits.numRangeItems else { throw tooLarge(renderer) }
        return .range(range)
    }

    private static func tooLarge(_ renderer: Renderer) -> JinjaError {
        JinjaError(.limit, "a range has more than \(renderer.limits.numRangeItems) numbers")
    }

    private static func namespace(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let namespace = try renderer.makeNamespace()
        for (key, value) in try pairs(arguments, renderer) { namespace.set(try renderer.text(of: key), value) }
        return .object(namespace)
    }

    /// What Python's `dict()` is called with.
    private static func pairs(_ arguments: Arguments, _ renderer: Renderer) throws -> [(Value, Value)] {
        guard arguments.positional.count <= 1 else {
            throw JinjaError("dict expected at most 1 argument, got \(arguments.positional.count)")
        }
        var pairs: [(Value, Value)] = []
        if case .dict(let dict)? = arguments.positional.first {
            pairs = Array(dict.pairs)
        } else if let items = arguments.positional.first {
            for item in try renderer.iterate(items) {
                let pair = try renderer.iterate(item)
                guard pair.count == 2 else { throw JinjaError("dict() needs pairs") }
                pairs.append((pair[0], pair[1]))
            }
        }
        try renderer.allocateItems(4 * (pairs.count + arguments.named.count))
        return pairs + arguments.named.map { (.string($0.name), $0.value) }
    }
}

extension String {
    /// This format of Python's `strftime`, filled with a time in the local time zone.
    func formatted(_ date: Date, _ renderer: Renderer) throws -> String {
        var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        localtime_r(&seconds, &parts)
        let micro = Int((date.timeIntervalSince1970 - Double(seconds)) * 1e6)
        let digits = String(micro)
        let format = replacingOccurrences(
            of: "%f", with: String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
        guard !format.isEmpty else { return "" }
        // Wide fields such as %1000000Y would ask for any amount of memory.
        guard format.utf8.count <= 4096 else { throw JinjaError(.limit, "the date format is too long") }
        var buffer = [CChar](repeating: 0, count: 16384)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

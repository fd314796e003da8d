import Basics
import Torch
import Foundation
import JSON
import Prompting
import Testing

@testable import Inference

struct ConstraintTests {
    static let compiler: Result<(ConstraintCompiler, Tokenizer, Int), any Error> = Result {
        let encoder = try Fixture.encoder()
        return (
            ConstraintCompiler(encoder.tokenizer, vocabularySize: encoder.vocabularySize), encoder.tokenizer,
            encoder.vocabularySize
        )
    }

    /// Whether a rule takes a whole text, token by token, each within the mask.
    private func takes(_ rule: any TokenConstraint, _ text: String) throws -> Bool {
        let (_, tokenizer, _) = try Self.compiler.get()
        var state = rule.start()
        for id in tokenizer.encode(text, splitSpecialTokens: true) {
            let mask = state.allowed()
            let wasAllowed = mask[id]
            let wasTaken = state.accept(id)
            #expect(wasAllowed == wasTaken, "mask and step disagree at \(id) of \(text)")
            if !wasTaken { return false }
        }
        return state.canEnd
    }

    private func check(_ rule: any TokenConstraint, _ good: [String], _ bad: [String], _ name: String) throws {
        for text in good { #expect(try takes(rule, text), "\(name) should take \(text)") }
        for text in bad { #expect(try !takes(rule, text), "\(name) should refuse \(text)") }
    }

    static let patterns: [(String, [String], [String])] = [
        ("(yes|no)", ["yes", "no"], ["y", "yesno", ""]), ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
        (#"\d{4}-\d\d"#, ["2024-05"], ["2024-5", "x024-05"]), ("[^a-c]+", ["xyz", "世界", "é🎉"], ["abc", "xa"]),
        ("^ab*$", ["a", "abbb"], ["b", "aba"]), (#"[\w.]+@[a-z]+\.(com|org)"#, ["me.x@host.org"], ["me@host.net"]),
        ("(?:a|b)?c", ["c", "ac"], ["abc"]), (#"\u4e16[\u4e00-\u9fff]"#, ["世界"], ["世", "界世"]),
        ("a|", ["a", ""], ["b"]),
        (".{0,5}", ["", "a世🎉"], ["abcdef", "a\n"]), (#"\{\"a\": [0-9]+\}"#, ["{\"a\": 12}"], ["{\"a\": }"]),
        ("x{2}{", [], []),
    ]

    @Test func `regular expressions take what they match and nothing else`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        for (pattern, good, bad) in Self.patterns where !good.isEmpty {
            try check(compiler.regex(pattern), good, bad, pattern)
        }
    }

    @Test func `broken or unbounded patterns are refused at once`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        let patterns = [
            "(", ")", "[", "a**", "*", "a{3,2}", #"(a)\1"#, "(?=a)", "(?<!a)b", #"\p{L}"#, "a^b", "[z-a]",
            "a{99999999}",
            "((((a{1000}){1000}){1000}){1000})", String(repeating: "(", count: 5000),
            String(repeating: "a", count: 20000),
        ]
        let start = ContinuousClock.now
        for pattern in patterns {
            #expect(throws: ConstraintError.self, "\(pattern.prefix(20))") { _ = try compiler.regex(pattern) }
        }
        // These are legal; they must only be quick.
        for pattern in ["(a|a)*b", "(a+)+$", "(.*.*.*)*x", "(a|aa)*{", "(x+x+)+y", ".*.{20}a.{20}"] {
            _ = try? compiler.regex(pattern)
        }
        #expect(start.duration(to: .now) < .seconds(15))
    }

    static let schemas: [(String, [String], [String])] = [
        (
            #"{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150}},"required":["name","age"]}"#,
            [
                #"{"name": "Ann", "age": 7}"#, #"{"name":"世 \"x\" \n \u00e9","age":150}"#,
                "{\n  \"name\": \"\",\n  \"age\": 0\n}",
            ],
            [
                #"{"name": "Ann"}"#, #"{"age": 7, "name": "Ann"}"#, #"{"name": "Ann", "age": 151}"#,
                #"{"name": "Ann", "age": -1}"#, #"{"name": 1, "age": 2}"#,
            ]
        ),
        (
            #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"},"c":{"type":"null"}},"required":["b"],"additionalProperties":false}"#,
            [#"{"b": true}"#, #"{"a": 1, "b": false, "c": null}"#, #"{"b": true, "c": null}"#],
            [#"{}"#, #"{"a": 1}"#, #"{"a": 1,}"#, #"{"b": true, "d": 1}"#]
        ),
        (
            #"{"type":"array","items":{"enum":["x",1,null]},"minItems":1,"maxItems":3}"#,
            [#"["x"]"#, #"["x", 1, null]"#], ["[]", #"["y"]"#, "[1, 1, 1, 1]"]
        ),
        (#"{"type":"string","minLength":2,"maxLength":3}"#, [#""ab""#, #""世\n🎉""#], [#""a""#, #""abcd""#, "ab"]),
        (#"{"type":"string","pattern":"^[a-z]+$"}"#, [#""abc""#], [#""""#, #""aB""#]),
        (#"{"type":"string","pattern":"\\d"}"#, [#""x1\"y""#], [#""xy""#]),
        (#"{"type":"string","format":"date"}"#, [#""2024-02-29""#], [#""2024-13-01""#]),
        (#"{"type":"number"}"#, ["0", "-1.5e+10", "3.25"], ["01", ".5", "+1", "1."]),
        (#"{"type":"number","minimum":0,"maximum":1}"#, ["0", "0.25", "1", "1.0"], ["1.5", "-0.1", "2"]),
        (#"{"type":"number","exclusiveMinimum":0}"#, ["0.5", "1", "17.25"], ["0", "0.0", "-1"]),
        (
            #"{"type":"integer","minimum":-12,"maximum":1034}"#, ["-12", "-1", "0", "999", "1034"],
            ["-13", "1035", "1100", "-0"]
        ),
        (#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, ["5", #""a""#], ["true"]),
        (#"{"type":["string","null"]}"#, ["null", #""""#], ["1"]),
        (#"{"const":{"a":[1,"b"]}}"#, [#"{"a": [1, "b"]}"#], [#"{"a": [1]}"#]),
        (
            ##"{"$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"]}},"$ref":"#/$defs/node"}"##,
            [#"{"v": 1, "next": {"v": 2, "next": {"v": 3, "next": null}}}"#],
            [#"{"v": 1}"#, #"{"v": 1, "next": {"v": 2}}"#]
        ),
        (
            #"{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"integer"}},"required":["b"]}]}"#,
            [#"{"a": 1, "b": 2}"#], [#"{"a": 1}"#]
        ),
        (
            #"{"type":"object","additionalProperties":{"type":"integer"}}"#, ["{}", #"{"x": 1, "y": 2}"#],
            [#"{"x": "1"}"#]
        ),
        (
            #"{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}]}"#, [#"[1, "a"]"#],
            ["[1]", #"["a", 1]"#]
        ),
        ("{}", ["1", #"{"a": [true, {"b": null}]}"#, "[]"], ["x", "{a: 1}"]),
    ]

    @Test func `JSON schemas take valid values and nothing else`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        for (schema, good, bad) in Self.schemas {
            do {
                try check(compiler.json(schema: JSONValue(parsing: schema)), good, bad, schema)
            } catch {
                Issue.record("\(schema): \(error)")
            }
        }
    }

    @Test func `schemas that cannot be kept, or never end, are refused`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        var deep: JSONValue = ["type": "integer"]
        for _ in 0..<200 { deep = ["type": "array", "items": deep] }
        var schemas: [JSONValue] = [deep, "x", 5, false]
        for text in [
            ##"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"##,
            ##"{"type":"array","items":{"$ref":"#"},"minItems":1}"##,
            ##"{"$ref":"#"}"##, ##"{"anyOf":[{"$ref":"#"},{"type":"null"}]}"##, #"{"type":"text"}"#, #"{"not":{}}"#,
            #"{"type":5}"#,
            #"{"enum":[]}"#, #"{"type":"string","pattern":"("}"#, #"{"type":"string","minLength":-1}"#,
            ##"{"$ref":"#/nowhere"}"##,
            #"{"$ref":"http://x/y"}"#, #"{"type":"array","minItems":3,"maxItems":2}"#,
            #"{"type":"array","uniqueItems":true}"#,
            #"{"type":"integer","minimum":5,"maximum":1}"#,
            #"{"type":"number","minimum":5,"exclusiveMinimum":0,"maximum":3}"#,
            #"{"type":"number","exclusiveMinimum":0,"maximum":0}"#, #"{"type":"number","minimum":0.5}"#,
            ##"{"type":"object","anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"##
                + (0..<60).map {
                    "\"\($0 == 0 ? "a" : "a\($0)")\":{\"anyOf\":[{\"$ref\":\"#/$defs/a\($0 + 1)\"},{\"$ref\":\"#/$defs/a\($0 + 1)\"}]}"
                }
                .joined(separator: ",") + ",\"a60\":{}}}", #"{"type":"string","maxLength":100000000}"#,
            #"{"type":"array","items":{"type":"string","minLength":100000,"maxLength":100000},"minItems":100000}"#,
        ] { schemas.append(try JSONValue(parsing: text)) }
        let start = ContinuousClock.now
        for schema in schemas {
            #expect(throws: ConstraintError.self, "\(schema.text().prefix(60))") {
                _ = try compiler.json(schema: schema)
            }
        }
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test func `what could be begun but never ended is not begun`() throws {
        let (compiler, tokenizer, _) = try Self.compiler.get()
        let schema = try JSONValue(
            parsing:
                ##"{"anyOf":[{"$ref":"#/$defs/a"},{"const":7}],"$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/a"}},"required":["b"]}}}"##
        )
        try check(try compiler.json(schema: schema), ["7"], ["{", "{\"b\""], "endless or 7")
        var state = try compiler.json(schema: schema).start()
        let first = state.allowed()
        for text in ["{", "{\""] { #expect(tokenizer.encode(text).first.map { first[$0] } == false) }
        // An optional one may stay away.
        let list = try JSONValue(
            parsing: ##"{"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##)
        #expect(throws: Never.self) { try compiler.json(schema: list) }
    }

    @Test func `any walk through the masks gives a valid object`() throws {
        let (compiler, tokenizer, numTokens) = try Self.compiler.get()
        let schema = try JSONValue(
            parsing:
                #"{"type":"object","properties":{"id":{"type":"integer"},"tags":{"type":"array","items":{"type":"string","maxLength":6},"maxItems":3},"ok":{"type":"boolean"}},"required":["id","tags"]}"#
        )
        let rule = try compiler.json(schema: schema)
        var generator = SplitMix64(seed: 3, stream: 1)
        for _ in 0..<20 {
            var state = rule.start()
            var ids: [Int32] = []
            while !state.canEnd, ids.count < 3000 {
                let mask = state.allowed()
                let allowed = (0..<Int32(numTokens)).filter { mask[$0] }
                let id = try #require(allowed.isEmpty ? nil : allowed[Int(generator.next() % UInt64(allowed.count))])
                ids.append(id)
                let wasTaken = state.accept(id)
                #expect(wasTaken)
            }
            let value = try JSONValue(parsing: tokenizer.decode(ids))
            #expect(value["id"]?.number != nil)
            #expect(value["tags"]?.arrayValue?.count ?? 9 <= 3)
            #expect(value["tags"]?.arrayValue?.allSatisfy { $0.stringValue?.unicodeScalars.count ?? 99 <= 6 } == true)
        }
    }

    @Test func `the numbers between two bounds are exactly those`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        for (low, high) in [(0, 9), (7, 123), (-45, 98), (-130, -7), (99, 101)] {
            let rule = try compiler.json(schema: ["type": "integer", "minimum": .int(low), "maximum": .int(high)])
            for value in -150...150 {
                #expect(try takes(rule, "\(value)") == (low...high).contains(value), "\(value) in \(low)...\(high)")
            }
        }
    }

    @Test func `numbers with a fraction keep their bounds`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        let bounds: [(JSONValue, (Double) -> Bool)] = [
            (["type": "number", "minimum": -2, "maximum": 3], { -2 <= $0 && $0 <= 3 }),
            (["type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 2], { -1 < $0 && $0 < 2 }),
            (["type": "number", "exclusiveMinimum": 1, "maximum": 3], { 1 < $0 && $0 <= 3 }),
            (["type": "number", "minimum": -3, "exclusiveMaximum": -1], { -3 <= $0 && $0 < -1 }),
            (["type": "number", "maximum": 0], { $0 <= 0 }), (["type": "number", "minimum": 1], { $0 >= 1 }),
            (["type": "number", "minimum": 2, "exclusiveMinimum": 0, "maximum": 2], { $0 == 2 }),
        ]
        for (schema, isAllowed) in bounds {
            let rule = try compiler.json(schema: schema)
            for tenths in -45...45 {
                let value = Double(tenths) / 10
                // Minus nothing with a fraction is written as it is; minus zero is left out on purpose.
                let text = tenths % 10 == 0 && tenths % 20 == 0 ? String(tenths / 10) : String(value)
                if value == 0 { continue }
                #expect(try takes(rule, text) == isAllowed(value), "\(text) in \(schema.text())")
            }
        }
    }

    @Test func `a required call has the template's form and the schema's arguments`() throws {
        let (compiler, _, _) = try Self.compiler.get()
        let parameters = try JSONValue(
            parsing: #"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#)
        let rule = try compiler.call(of: [("weather", parameters)], format: QwenToolFormat())
        try check(
            rule, ["<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\"}}\n</tool_call>"],
            ["<tool_call>\n{\"name\": \"weather\", \"arguments\": {}}\n</tool_call>", "Bonn"], "call")
    }
}

import Foundation
import JSON
import Jinja
import Testing

/// What jinja2 gives in transformers' environment: text, generation ranges, or an error.
@Suite struct JinjaGoldenTests {
    @Test func `every golden template renders as jinja2 does`() throws {
        setenv("TZ", "UTC", 1)
        let url = try #require(Bundle.module.url(forResource: "Fixtures/jinja", withExtension: "json"))
        let file = try JSONValue(parsing: Array(Data(contentsOf: url)))
        let variables = Dictionary(uniqueKeysWithValues: (file["variables"]?.members ?? []).map { ($0.key, $0.value) })
        let cases = try #require(file["cases"]?.arrayValue)
        #expect(cases.count == 713)
        for item in cases {
            let source = try #require(item["template"]?.stringValue)
            let text: String?
            do {
                let output = try JinjaTemplate(source).render(
                    variables, now: Date(timeIntervalSince1970: 1_785_000_000.25))
                text = output.text
                let ranges = output.generationRanges.map {
                    JSONValue.array([.int($0.lowerBound), .int($0.upperBound)])
                }
                #expect(JSONValue.array(ranges) == item["ranges"], "\(source)")
            } catch {
                text = nil
            }
            #expect(text.map { Array($0.utf8) } == item["text"]?.stringValue.map { Array($0.utf8) }, "\(source)")
        }
    }
}

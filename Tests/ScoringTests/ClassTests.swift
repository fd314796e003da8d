import JSON
import Reporting
import Testing

@testable import Scoring

struct ClassTests {
    @Test("Precision, recall, F1 and their means equal scikit-learn's")
    func scores() throws {
        let cases = try Fixture.json("classes").objects("cases")
        #expect(cases.count == 4)
        for one in cases {
            let lines = zip(one.strings("truth"), one.strings("predicted")).map { Fixture.line($0, $1) }
            var options = MetricsOptions()
            options.classes = one.strings("names")
            let scores = try #require(try MetricsReport(lines, options: options).classScores)
            func row(_ row: ClassScores.Row) -> [Double] { [row.precision, row.recall, row.f1] }
            let golden = try #require(one["scores"])
            func close(_ found: [Double], _ wanted: [Double]) -> Bool {
                found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 }
            }
            for (found, wanted) in zip(scores.classes, golden.objects("classes")) {
                #expect(close(row(found), wanted.arrayValue?.compactMap(\.number) ?? []))
            }
            #expect(close(row(scores.macro), golden.numbers("macro")))
            #expect(close(row(scores.micro), golden.numbers("micro")))
            #expect(close(row(scores.weighted), golden.numbers("weighted")))
            #expect(scores.matrix.counts == one.objects("counts").map { $0.arrayValue?.compactMap(\.integer) ?? [] })
            #expect(scores.matrix.numInvalid == one.numbers("other").map { Int($0) })
        }
    }

    @Test("Areas and points of threshold curves equal scikit-learn's")
    func curves() throws {
        let curves = try Fixture.json("classes").objects("curves")
        #expect(curves.count == 4)
        for one in curves {
            let truths = one.objects("truths").compactMap(\.boolValue)
            let curve = ThresholdCurve(positive: "yes", scores: one.numbers("scores"), truths: truths)
            #expect(abs(curve.rocArea - (one["roc"]?.number ?? -1)) < 1e-12)
            #expect(abs(curve.precisionRecallArea - (one["pr"]?.number ?? -1)) < 1e-12)
            #expect(curve.points.map(\.threshold).reversed() == one.numbers("thresholds"))
            for (threshold, (precision, recall)) in zip(
                one.numbers("thresholds"), zip(one.numbers("precision"), one.numbers("recall")))
            {
                let point = curve.point(at: threshold)
                #expect(abs(point.precision - precision) < 1e-12)
                #expect(abs(point.recall - recall) < 1e-12)
            }
            let best = try #require(curve.bestF1)
            #expect(curve.points.allSatisfy { $0.f1 <= best.f1 })
            #expect(try #require(curve.point(recall: 1)).recall == 1)
        }
    }

    @Test(
        "Classes are found among labels; case, width, punctuation and blanks make no difference unless labels differ in them"
    )
    func finding() {
        let classes = AnswerClasses(labels: ["满足要求\n", "满足要求", "不满足要求", "不满足要求", "满足要求"])
        #expect(classes?.names == ["满足要求", "不满足要求"])
        #expect(classes?.index(of: " 不满足要求。") == 1)
        #expect(AnswerClasses(names: ["Yes", "No"]).index(of: "ｙｅｓ!") == 0)
        #expect(AnswerClasses(names: ["+", "-"]).index(of: "-") == 1)
        #expect(AnswerClasses(names: ["C", "C."]).index(of: "C.") == 1)
        #expect(AnswerClasses(names: ["C", "C."]).index(of: "c") == nil)
        #expect(AnswerClasses(labels: (0..<30).map { "text \($0)" }) == nil)
        #expect(AnswerClasses(labels: []) == nil)
    }
}

import Datasets
import Testing

@testable import DataTools

@Suite struct RowSplitTests {
    /// 60 rows: a third is "no"; ten patients of six rows.
    private static func rows() throws -> [Record] {
        try records(
            (0..<60).map { #"{"q": \#($0), "output": "\#($0 % 3 == 0 ? "no" : "yes")", "patient": "p\#($0 / 6)"}"# })
    }

    private static func split(_ change: (inout RowSplit.Options) -> Void = { _ in }) throws -> RowSplit {
        var options = RowSplit.Options()
        change(&options)
        return try RowSplit(try rows(), options)
    }

    @Test func `every row is in one part, in the order of the file, and the same seed gives the same split`() throws {
        let split = try Self.split { $0.test = .count(7) }
        #expect((split.train.count, split.evaluation.count, split.test.count) == (47, 6, 7))
        #expect((split.train + split.evaluation + split.test).sorted() == Array(0..<60))
        #expect(split.train == split.train.sorted() && split.evaluation == split.evaluation.sorted())
        #expect(try Self.split { $0.test = .count(7) } == split)
        #expect(try Self.split { $0.seed = 43 } != Self.split())
    }

    @Test func `a stratified split keeps the shares of the labels`() throws {
        for seed in 0..<5 {
            let split = try Self.split {
                $0.stratify = "answer"
                $0.evaluation = .share(0.2)
                $0.seed = seed
            }
            #expect(split.evaluation.count == 12)
            #expect(split.evaluation.count { $0 % 3 == 0 } == 4)
        }
    }

    @Test func `rows of one group stay together`() throws {
        for seed in 0..<5 {
            let split = try Self.split {
                $0.group = "patient"
                $0.evaluation = .share(0.2)
                $0.test = .count(10)
                $0.seed = seed
            }
            let parts = [split.train, split.evaluation, split.test].map { Set($0.map { $0 / 6 }) }
            #expect(parts[0].isDisjoint(with: parts[1]) && parts[0].isDisjoint(with: parts[2]))
            #expect(parts[1].isDisjoint(with: parts[2]))
            #expect((split.train.count, split.evaluation.count, split.test.count) == (36, 12, 12))
        }
    }

    @Test func `a sample has the size that was asked for and keeps the shares`() throws {
        let rows = try Self.rows()
        #expect(try RowSplit.sample(rows, .count(9), stratify: "output").count { $0 % 3 == 0 } == 3)
        #expect(try RowSplit.sample(rows, .share(0.5)).count == 30)
        #expect(try RowSplit.sample(rows, .count(9)) == RowSplit.sample(rows, .count(9)))
    }

    @Test func `what cannot be split is told with what to do`() throws {
        let rows = try Self.rows()
        #expect(
            message { _ = try RowSplit.sample(rows, .count(60)) }
                == "rows.jsonl: the file has 60 rows: ask for fewer than that (a run takes more with `name#60`)")
        #expect(
            message { _ = try Self.split { $0.evaluation = .count(60) } }
                == "rows.jsonl: 60 rows for eval are more than the file has to give: ask for fewer")
        #expect(
            message { _ = try Self.split { $0.group = "document" } } == """
                rows.jsonl: no row has the column 'document': the rows have 'output', 'patient', 'q' (and 'answer' stands for the \
                last message or the output)
                """)
        #expect(
            message { _ = try Self.split { ($0.group, $0.evaluation) = ("patient", .count(2)) } }
                == "rows.jsonl: no group of rows is small enough for the 2 rows of eval: ask for more rows")
        #expect(RowSplit.Size("0.1") == .share(0.1) && RowSplit.Size("12") == .count(12))
        for text in ["0", "-1", "1.5", "a", ""] { #expect(RowSplit.Size(text) == nil, "\(text)") }
    }

    @Test func `answers of messages are labels, too`() throws {
        let rows = try records([
            #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}"#,
            #"{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "b"}]}"#,
            #"{"response": 3}"#, #"{"x": 1}"#,
        ])
        #expect(try RowLabel.labels(of: rows, by: "answer") == ["a", "b", "3", ""])
    }

    @Test func `files are merged in order, without duplicates, and not across forms`() throws {
        let (a, b) = (
            try records([#"{"instruction": "1"}"#, #"{"instruction": "2"}"#]), try records([#"{"instruction": "1"}"#])
        )
        let merged = try RowMerge.merged([a, b], removesDuplicates: true)
        #expect(merged.rows == a.map(\.members) && merged.numDuplicates == 1)
        #expect(try RowMerge.merged([a, b]).rows == (a + b).map(\.members))
        let shuffled = try RowMerge.merged([try Self.rows(), try Self.rows()], shuffleSeed: 1).rows
        let inOrder = try (Self.rows() + Self.rows()).map(\.members)
        #expect(shuffled.count == 120 && shuffled != inOrder)
        #expect(
            message { _ = try RowMerge.merged([a, try records([#"{"messages": []}"#])]) } == """
                rows.jsonl: the rows have 'messages', those of rows.jsonl have 'instruction': bring them into one form first \
                (anneal data convert)
                """)
    }
}

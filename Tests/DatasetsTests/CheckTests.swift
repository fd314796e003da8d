import Prompting
import Testing

@testable import Datasets

@Suite struct CheckTests {
    @Test func `a check tells what is kept, lost, doubled and imbalanced`() {
        var statistics = DatasetStatistics(name: "pets", use: "train")
        var report = DataReport()
        report.read(12)
        statistics.merge(report)
        for index in 1...10 {
            let answer = index < 8 ? "<think>\n\n</think>\n\nyes" : index == 8 ? "<think>\nWell.\n</think>\n\nno" : "no"
            // Row 2 is row 1 again; row 3 was drawn twice.
            let question = index == 2 ? "question 1" : "question \(index)"
            let row = Self.row(question, answer, index)
            for _ in 0..<(index == 3 ? 2 : 1) {
                statistics.add(
                    row, numTokens: index * 7, numMediaTokens: index == 4 ? 64 : 0,
                    truncation: index == 10 ? .text : .none)
            }
        }
        statistics.drop(Self.row("q", "", 11), DropReason("nothing to learn: …"), losesLabels: true)
        #expect(
            statistics.lines.joined(separator: "\n") == """
                data set 'pets' (train)
                  12 rows read, 11 kept, 1 truncated, 1 dropped
                    dropped 1: nothing to learn: … (pets.json row 11)
                  truncated to cutoff_len: 1 row (10), 8.3 %; raise cutoff_len to keep all of
                    them
                  labels vanish: 1 row (11); fill the answer or raise cutoff_len
                  tokens: 406 in 11 rows, least 7, median 35, most 70
                     7-13 | ################################# 1
                    14-20 | ################################# 1
                    21-27 | ################################################################## 2
                    28-34 | ################################# 1
                    35-41 | ################################# 1
                    42-48 | ################################# 1
                    49-55 | ################################# 1
                    56-62 | ################################# 1
                    63-69 | ################################# 1
                       70 | ################################# 1
                  image and video tokens: 64 in 1 row, least 64, median 64, most 64
                    64 | ##################################################################### 1
                  answers: 3 different ones in 12 rows
                    66.7 % 8 yes
                    25.0 % 3 no
                    8.3 % 1 (empty)
                    imbalanced: a model that always gives the first answer is right in 66.7 % of
                      the rows; add rows of the others or draw fewer of it
                  empty thoughts: 8 of 9 (88.9 %): 8 rows (1, 2, 3, 3, 4, …) teach the model not
                    to think
                  exact duplicates of earlier rows: 1 row (2); remove them or they weigh double
                """)
        #expect(statistics.lines.allSatisfy { $0.count <= 80 })
        #expect(!statistics.isLossy)
        statistics.drop(Self.row("r", "", 12), DropReason("nothing to learn: …"), losesLabels: true)
        #expect(statistics.isLossy)
        var generous = DataLimits()
        generous.unlabeledShare = 0.5
        generous.droppedShare = 0.5
        #expect(generous.problems(statistics.report, use: "dataset").isEmpty)
    }

    @Test func `beyond a limit a run refuses to start and says what, how much, where and which key`() {
        func origin(_ row: Int) -> RowOrigin { RowOrigin(dataset: "pets", file: "pets.json", row: row) }
        var report = DataReport()
        report.read(8)
        (1...2).forEach { report.drop(DropReason("no answer"), origin($0)) }
        report.drop(DropReason("nothing to learn: empty"), origin(3))
        (4...6).forEach { report.truncate(.promptEnd, origin($0)) }
        report.truncate(.answerEnd, origin(7))
        report.truncate(.turns, origin(8))
        #expect(
            DataLimits().problems(report, use: "dataset") == [
                """
                37.5 % of the rows of `dataset` are dropped (3 of 8; 20.0 % may be):
                  2: no answer (pets.json row 1, 2)
                  1: nothing to learn: empty (pets.json row 3)
                Mend them (anneal data check tells more), or set max_dropped_share: 0.375 to go on without them.
                """,
                """
                12.5 % of the rows of `dataset` have nothing to learn (1 of 8; 10.0 % may be):
                  1: nothing to learn: empty (pets.json row 3)
                Fill the answers or raise cutoff_len, or set max_unlabeled_share: 0.125 to go on without them.
                """,
            ])
        #expect(
            DataLimits().warnings(report, use: "dataset") == [
                "62.5 % of the rows of `dataset` are cut to cutoff_len (5 of 8): raise it to learn from whole rows",
                """
                in 3 rows of `dataset` cutoff_len cuts through the template, the end of the prompt is lost and the answer \
                begins within the question (pets.json row 4, 5, 6): raise cutoff_len, or shorten or remove these rows
                """,
                """
                in 1 row of `dataset` cutoff_len cuts off the end of the answer, where to stop is not learned \
                (pets.json row 7): raise cutoff_len, or shorten or remove these rows
                """,
            ])
        var limits = DataLimits()
        limits.droppedShare = 0.375
        limits.unlabeledShare = 0.125
        limits.truncatedShare = 0.6
        #expect(limits.warnings(report, use: "dataset").count == 2)
        #expect(
            limits.problems(report, use: "dataset") == [
                """
                62.5 % of the rows of `dataset` are cut to cutoff_len (5 of 8; 60.0 % may be): \
                pets.json row 8, 7, 4, 5, 6
                Raise cutoff_len, or set max_truncated_share: 0.625 to learn from the cut rows.
                """
            ])
        let leakage = DataLeakage(
            train: [Self.row("a", "1", 1)], evaluation: [Self.row("a", "1", 1), Self.row("b", "1", 2)])
        #expect(
            limits.problems(leakage) == [
                """
                50.0 % of the rows to evaluate on are also trained on (1 of 2; 30.0 % may be): pets.json row 1
                Remove them from one of the two, or set max_leaked_share: 0.5 to evaluate on them all the same.
                """
            ])
        #expect(limits.problems(DataReport(), use: "dataset").isEmpty)
        let named = DataLeakage(train: [Self.row("a", "1", 1)], evaluation: [Self.row("a", "1", 1)], named: ["pets"])
        #expect(limits.problems(named).isEmpty)
        #expect(named.lines[2] == "  named in both dataset and eval_dataset, so not counted: 'pets'")
    }

    @Test func `a share that is not a round number is enough when it is set as told`() {
        var report = DataReport()
        report.read(7)
        report.drop(DropReason("x"), RowOrigin(dataset: "d", file: "d.json", row: 1))
        report.drop(DropReason("x"), RowOrigin(dataset: "d", file: "d.json", row: 2))
        let told = DataLimits().problems(report, use: "dataset").joined()
        #expect(told.contains("max_dropped_share: 0.286 "))
        var limits = DataLimits()
        limits.droppedShare = 0.286
        #expect(limits.problems(report, use: "dataset").isEmpty)
    }

    @Test func `control tokens typed in a text are found, whoever says them`() {
        var statistics = DatasetStatistics(name: "pets", use: "train") { $0.contains("</s>") }
        statistics.maxTokens = 9
        statistics.add(Self.row("</s>", "a", 1), numTokens: 10, numMediaTokens: 0)
        statistics.add(Self.row("b", "a", 2), numTokens: 9, numMediaTokens: 0)
        let system = Conversation(system: "</s>", messages: [Message(.user, "c"), Message(.assistant, "a")])
        let origin = RowOrigin(dataset: "pets", file: "pets.json", row: 3)
        statistics.add(
            DataRow(conversation: system, origin: origin), numTokens: 1, numMediaTokens: 0)
        var pair = Self.row("d", "a", 4)
        pair.preference = .better(than: Message(.assistant, "b</s>"))
        statistics.add(pair, numTokens: 1, numMediaTokens: 0)
        #expect(statistics.controlTokens.first.map(\.origin.row) == [1, 3, 4])
        #expect(
            statistics.lines.contains(
                "  control tokens typed in the text: 3 rows (1, 3, 4); they act as control"))
        #expect(
            statistics.lines.contains(
                "  larger than memory: 1 row (1) with more than 9 tokens do not fit this machine;"))
    }

    @Test func `pairs are the same row only with the same rejected answer; equal answers and lone verdicts are told`() {
        var pairs = DatasetStatistics(name: "pets", use: "train"), verdicts = pairs
        for (index, rejected) in ["b", "c", "b", "a"].enumerated() {
            var row = Self.row("q", "a", index + 1)
            row.preference = .better(than: Message(.assistant, rejected))
            pairs.add(row, numTokens: 3, numMediaTokens: 0)
            row.preference = .verdict(isGood: true, other: Message(.assistant, rejected))
            verdicts.add(row, numTokens: 3, numMediaTokens: 0)
        }
        #expect(pairs.duplicates.first.map(\.origin.row) == [3])
        #expect(pairs.lines.contains("  pairs of equal answers: 1 row (4) teach nothing; remove them"))
        #expect(verdicts.duplicates.count == 3)
        #expect(
            verdicts.lines.contains("  verdicts: 4 good (100.0 %), 0 bad; without both kinds there is nothing to"))
    }

    @Test func `answers are told within 80 columns, whatever their characters`() {
        var statistics = DatasetStatistics(name: "pets", use: "train")
        let answer = String(repeating: "猫", count: 60)
        for number in 1...4 { statistics.add(Self.row("q\(number)", answer, number), numTokens: 3, numMediaTokens: 0) }
        #expect(statistics.lines.contains("    100.0 % 4 " + String(repeating: "猫", count: 23) + "…"))
        #expect(
            TextWrap.lines(String(repeating: "一二三四五六七八九 ", count: 8), indent: 2).map(\.count) == [41, 43])
    }

    @Test func `placeholders of identity data are told`() {
        var statistics = DatasetStatistics(name: "identity", use: "train")
        for (number, answer) in ["I am {{name}}.", "I am Anna.", "{{author}} made me."].enumerated() {
            statistics.add(Self.row("who?", answer, number + 1), numTokens: 3, numMediaTokens: 0)
        }
        #expect(
            statistics.lines.prefix(4).dropFirst(2) == [
                "  {{name}} or {{author}} is learned as it stands: 2 rows (1, 3); anneal data",
                "    identity fills them in",
            ])
    }

    @Test func `a mistake and a data set that cannot be read are lossy`() {
        var mistake = DatasetStatistics(name: "d", use: "eval")
        var report = DataReport()
        report.read(100)
        report.drop(DropReason("wrong role", isMistake: true), RowOrigin(dataset: "d", file: "d.json", row: 3))
        mistake.merge(report)
        #expect(mistake.isLossy)
        #expect(mistake.lines.last == "  training refuses to start until the rows above are mended")
        var unread = DatasetStatistics(name: "d", use: "train")
        #expect(!unread.isLossy)
        unread.failure = DataError("no such file", file: "d.json")
        #expect(unread.isLossy)
        #expect(unread.lines == ["data set 'd' (train)", "  cannot be used: d.json: no such file"])
    }

    @Test func `rows that are trained on and evaluated on are found`() {
        let train = [Self.row("a", "1", 1), Self.row("b", "2", 2)]
        let evaluation = [Self.row("a", "1", 1), Self.row("b", "3", 2), Self.row("c", "1", 3), Self.row("d", "1", 4)]
        #expect(
            DataLeakage(train: train, evaluation: evaluation).lines == [
                "leakage from train to eval", "  4 rows to evaluate on",
                "  1 row (pets.json row 1), 25.0 %, are also trained on: remove them from one of",
                "    the two",
                "  1 row (pets.json row 2), 25.0 %, have a question that is also trained on:",
                "    remove them from one of the two",
            ])
        #expect(
            DataLeakage(train: train, evaluation: []).lines == [
                "leakage from train to eval", "  0 rows to evaluate on", "  none of them is trained on",
            ])
    }

    @Test func `the page holds every finding, escaped`() {
        var statistics = DatasetStatistics(name: "<pets>", use: "train")
        var report = DataReport()
        report.read(4)
        statistics.merge(report)
        for index in 1...4 {
            let row = Self.row("\(index)", index == 1 ? "a<b" : "c", index)
            statistics.add(row, numTokens: 5 + index / 4, numMediaTokens: 0)
        }
        let leakage = DataLeakage(train: [Self.row("a", "1", 1)], evaluation: [Self.row("a", "1", 1)])
        let html = DataCheckPage(settings: "template qwen", datasets: [statistics], leakage: leakage).html
        let section = html.drop { $0 != ">" }.replacing("\n", with: "")
        for piece in [
            "<section><h2>&lt;pets&gt; (train)</h2>", "<li>4 rows read, 4 kept, 0 truncated, 0 dropped</li>",
            "<p>template qwen</p>",
            "<tr><td class=\"l\">5</td><td class=\"b\"><div style=\"width:100.0%\"></div></td><td>3</td></tr>",
            "<tr><td class=\"l\">6</td><td class=\"b\"><div style=\"width:33.3%\"></div></td><td>1</td></tr>",
            "<td class=\"l\">a&lt;b</td>", "<h2>Leakage from train to eval</h2>", "100.0 %",
        ] { #expect(section.contains(piece), "\(piece)") }
        #expect(!html.contains("http"))
        #expect(!html.contains("###"))
    }

    private static func row(_ question: String, _ answer: String, _ number: Int) -> DataRow {
        DataRow(
            conversation: Conversation(messages: [Message(.user, question), Message(.assistant, answer)]),
            origin: RowOrigin(dataset: "pets", file: "pets.json", row: number))
    }
}

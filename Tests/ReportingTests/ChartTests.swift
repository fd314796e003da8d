import Basics
import Foundation
import JSON
import TestSupport
import Testing

@testable import Reporting

/// Width and height of a PNG file in pixels.
private func pngSize(_ path: String) throws -> [Int] {
    let bytes = try #require(try Files.read(path))
    try #require(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) && bytes.count > 2000)
    return [16, 20].map { start in bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
}

@Suite struct ChartTests {
    @Test func `Smoothing equals LLaMA-Factory's bit for bit`() throws {
        let cases = try fixtureJSON("smooth.json").items
        #expect(cases.count == 6)
        for one in cases {
            let input = one.record["in"]?.items.compactMap(\.number) ?? []
            let output = Smoothing.exponential(input)
            #expect(output.map(\.bitPattern) == one.record["out"]?.items.compactMap { $0.number?.bitPattern })
        }
    }

    @Test func `plot_loss leaves one figure a metric and says what it did`() throws {
        let history = try TrainerState(json: fixture("run_trainer_state.json"), path: "-").logHistory
        try TemporaryFolder.with { folder in
            let outcomes = try TrainingFigures.write(
                history: history, figures: ["loss", "eval_loss", "rewards/accuracies"].map { .init($0) }, folder: folder
            )
            #expect(
                outcomes.map(\.description) == [
                    "Figure saved at: \(folder)/training_loss.png", "Figure saved at: \(folder)/training_eval_loss.png",
                    "No metric rewards/accuracies to plot.",
                ])
            #expect(try pngSize(folder + "/training_loss.png") == [1600, 1000])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
        }
    }

    @Test func `The loss figure holds original, smoothed and evaluation curves`() throws {
        let history: [LogRecord] = [
            ["loss": 3, "step": 1], ["loss": .double(.nan), "step": 2], ["loss": 2.0, "step": 3],
            ["eval_loss": 2.5, "step": 3], ["loss": 1.0, "step": 4], ["eval_loss": 2.75, "step": 4],
            ["train_loss": 2, "step": 4],
        ]
        let chart = try #require(TrainingFigures.chart(history: history, key: "loss", folder: "out"))
        #expect(chart.title == "training loss of out" && chart.yLabel == "loss")
        #expect(chart.series.map(\.name) == ["original", "smoothed", "eval_loss"])
        #expect(chart.series[0].runs.map { $0.map(\.x) } == [[1], [3, 4]])
        #expect(chart.series[1].y == Smoothing.exponential([3, 2, 1]))
        #expect(chart.remarks.map(\.text) == ["best eval 2.5 at step 3"])
        #expect(TrainingFigures.chart(history: history, key: "eval_accuracy", folder: "out") == nil)
    }

    @Test func `Curves that belong together are on common axes, evaluations dotted, with a color and a name each`()
        throws
    {
        let history: [LogRecord] = [
            ["rewards/chosen": 0.5, "rewards/rejected": .double(.nan), "step": 1],
            ["eval_rewards/chosen": 0.25, "step": 1], ["rewards/chosen": 1.5, "rewards/rejected": -1.0, "step": 2],
        ]
        let figure = TrainingFigures.Figure("rewards", of: ["rewards/chosen", "rewards/rejected", "rewards/margins"])
        let chart = try #require(TrainingFigures.comparison(history: history, figure, folder: "out"))
        #expect(chart.title == "training rewards of out" && chart.yLabel == "rewards")
        #expect(
            chart.series.map(\.name)
                == ["", "rewards/chosen", "eval_rewards/chosen", "", "rewards/rejected"])
        #expect(chart.series[1].y == Smoothing.exponential([0.5, 1.5]) && chart.series[2].y == [0.25])
        #expect(chart.series[0].color.opacity < 1 && chart.series[3].color != chart.series[0].color)
        try TemporaryFolder.with { folder in
            let outcomes = try TrainingFigures.write(
                history: history, figures: [figure, .init("logps", of: ["logps/chosen", "logps/rejected"])],
                folder: folder)
            #expect(outcomes == [.saved("\(folder)/training_rewards.png"), .nothingToPlot("logps")])
        }
    }

    @Test func `Empty, single and infinite curves are drawn without a trap`() throws {
        try TemporaryFolder.with { folder in
            for values in [
                [], [1.5], [.nan], [.infinity, 1], [1e308, -1e308], [.leastNonzeroMagnitude, 0], [2, 2, 2],
            ] {
                let path = folder + "/chart.png"
                let steps = values.indices.map(Double.init)
                try LineChart(
                    title: "t", yLabel: "y", series: [.init(name: "a", x: steps, y: values, color: .blue)]
                ).write(to: path)
                try BarChart(title: "t", xLabel: "x", yLabel: "y", bars: values.map { .init(name: "n", value: $0) })
                    .write(to: path)
                try BarChart.histogram(title: "t", xLabel: "x", values: values).write(to: path)
                #expect(try pngSize(path) == [1600, 1000])
            }
            var matrix = ConfusionMatrix(classes: [])
            #expect(try matrix.writeChart(to: folder + "/m.png") == nil)
            matrix = ConfusionMatrix(classes: (0..<40).map { "class \($0)" })
            #expect(try matrix.writeChart(to: folder + "/m.png") == nil)
        }
    }

    @Test func `A chart into a missing folder is a clear error`() throws {
        let error = #expect(throws: FileError.self) {
            try LineChart(title: "", yLabel: "", series: []).write(to: "/nonexistent/a.png")
        }
        #expect(error?.path == "/nonexistent/a.png")
    }

    @Test func `Axes are marked at round numbers`() {
        let axis = AxisScale(values: [0.013, 0.587])
        #expect(axis.ticks.map(axis.label) == ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"])
        let steps = AxisScale(values: [1, 1230], maxTicks: 9, wholeNumbers: true)
        #expect(steps.ticks.map(steps.label) == ["0", "200", "400", "600", "800", "1000", "1200"])
        let few = AxisScale(values: [1, 2], maxTicks: 9, wholeNumbers: true)
        #expect(few.ticks.map(few.label) == ["1", "2"])
        let large = AxisScale(values: [0, 3e9], fromZero: true)
        #expect(large.ticks.map(large.label) == ["0", "5e+08", "1e+09", "1.5e+09", "2e+09", "2.5e+09", "3e+09"])
    }

    @Test func `Class names that no font has become numbers, with a word to the user`() throws {
        // U+F8FFF lies in a private plane: no font has it.
        var matrix = ConfusionMatrix(classes: ["\u{F8FFF}", "b"])
        matrix.add(truth: "b", prediction: "b")
        try TemporaryFolder.with { folder in
            let note = try matrix.writeChart(to: folder + "/m.png")
            #expect(note?.contains("it shows numbers: 1 = \u{F8FFF}, 2 = b.") == true)
            #expect(try pngSize(folder + "/m.png").allSatisfy { $0 > 400 })
        }
        #expect(FontChoice.runs(of: "a\u{F8FFF}b").map(\.text) == ["a?b"])
    }

    @Test func `A confusion matrix counts, and prints in columns with Chinese names`() {
        var matrix = ConfusionMatrix(classes: ["满足要求", "不满足要求"])
        for (truth, prediction, count) in [
            ("满足要求", "满足要求", 48), ("满足要求", "不满足要求", 2), ("不满足要求", "不满足要求", 49), ("不满足要求", "?", 1),
        ] {
            for _ in 0..<count { matrix.add(truth: truth, prediction: prediction) }
        }
        let isCounted = matrix.add(truth: "?", prediction: "满足要求")
        #expect(!isCounted)
        #expect(matrix.total == 100 && matrix.accuracy == 0.97 && matrix.recall(1) == 0.98 && matrix.precision(0) == 1)
        #expect(
            matrix.lines == [
                "truth \\ prediction  满足要求  不满足要求  (other)  recall  precision",
                "满足要求                  48           2        0   96.0%     100.0%",
                "不满足要求                 0          49        1   98.0%      96.1%", "accuracy 97.0% (97 of 100)",
            ])
        #expect(ConfusionMatrix(classes: ["a"]).lines.last == "accuracy - (0 of 0)")
    }
}

import Foundation
import Glibc
import Testing

@testable import Reporting

@Suite struct ProgressTests {
    private var state: ProgressState {
        var state = ProgressState(title: "training", total: 270)
        state.step = 123
        state.startStep = 23
        state.elapsedSeconds = 125
        state.tokensPerSecond = 512.3
        state.peakMemoryBytes = 3_758_096_384
        state.loss = 0.123456
        return state
    }

    @Test func `A line shows what there is room for`() {
        #expect(
            state.line(width: 119)
                == "training [#############.................]  123/270 46%  loss 0.1235  512 tok/s  peak 3.5 GiB  1.25 s/step"
                + "  ETA 0:03:03")
        #expect(
            state.line(width: 79) == "training [########..........]  123/270 46%  loss 0.1235  512 tok/s  ETA 0:03:03")
        #expect(state.line(width: 40) == "training [#######.........]  123/270 46%")
        #expect(
            state.plainLine
                == "training: 123/270 46% loss 0.1235 512 tok/s peak 3.5 GiB 1.25 s/step ETA 0:03:03")
    }

    @Test func `No line is wider than the terminal, Chinese titles included`() {
        var state = state
        for title in ["training", "正在加载多模态模型的权重文件", "😀😀😀", ""] {
            state.title = title
            for width in 0...130 { #expect(DisplayWidth.of(state.line(width: width)) <= width) }
        }
    }

    @Test func `Odd states give a line too`() {
        var state = ProgressState(title: "rows", unit: "row", total: 0)
        #expect(state.line(width: 60).contains("0/0 0%"))
        state.step = 7  // more than announced
        state.elapsedSeconds = 0.01
        state.loss = .nan
        #expect(state.plainLine == "rows: 7/0 0% loss nan 700/s took 0:00:00")
        state.total = 10
        state.startStep = 7
        #expect(state.remainingSeconds == nil)
    }

    @Test func `Widths count East Asian characters twice and marks not at all`() {
        #expect(
            ["abc", "满足要求", "ｆ", "é", "e\u{301}", "😀", "한글", "\u{1B}", "ｶ"].map(DisplayWidth.of) == [
                3, 8, 2, 1, 1, 2, 4, 0, 1,
            ])
        #expect(DisplayWidth.clip("满足要求", to: 5) == "满足…")
        #expect(DisplayWidth.clip("满足要求", to: 4) == "满…")
        #expect(DisplayWidth.clip("abc", to: 3) == "abc" && DisplayWidth.clip("abc", to: 0).isEmpty)
    }

    /// What a bar writes to a pipe.
    private func output(isTerminal: Bool, delay: Double = 0, _ use: (ProgressBar, Int32) -> Void) throws -> String {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let bar = ProgressBar(
            title: "t", total: 4, delaySeconds: delay, plainIntervalSeconds: 1000, descriptor: ends[1],
            isTerminal: isTerminal)
        use(bar, ends[1])
        close(ends[1])
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(ends[0], &byte, 1) == 1 { bytes.append(byte) }
        close(ends[0])
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `Without a terminal there are plain lines: the first, then every so often, and the last`() throws {
        let text = try output(isTerminal: false) { bar, _ in
            for step in 1...4 { bar.update(step: step, loss: 1) }
            bar.finish()
            bar.finish()
            bar.update(step: 9)
        }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("t: 1/4 25% loss 1 ") && lines[1].hasPrefix("t: 4/4 100% loss 1 "))
    }

    @Test func `On a terminal the bar is redrawn in place and lines go above it`() throws {
        let text = try output(isTerminal: true) { bar, descriptor in
            bar.advance()
            bar.write(line: "{'loss': '1'}", to: descriptor)
            bar.finish()
        }
        let parts = text.components(separatedBy: "\r")
        #expect(parts.count == 5 && parts[0].isEmpty)
        #expect(parts[1].hasPrefix("t [") && parts[1].hasSuffix("\u{1B}[K") && !parts[1].contains("\n"))
        #expect(parts[2] == "\u{1B}[K{'loss': '1'}\n")
        #expect(parts[4].hasSuffix("\u{1B}[K\n"))
        #expect(parts.allSatisfy { DisplayWidth.of($0) < 85 })
    }

    @Test func `Short work stays quiet`() throws {
        let text = try output(isTerminal: false, delay: 60) { bar, _ in
            bar.advance(by: 4)
            bar.finish()
        }
        #expect(text.isEmpty)
    }
}

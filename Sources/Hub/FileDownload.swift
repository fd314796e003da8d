import Foundation
import Reporting
import Web

/// Downloads one file: goes on where an earlier try stopped, tries again after failures, and only gives the file its name when
/// its size and checksum are right.
struct FileDownload: Sendable {
    let file: HubFile
    let url: String
    let destination: String
    let secretHeaders: [(String, String)]
    let web: WebClient
    let retry: RetryPolicy
    let explain: @Sendable (Int, String) -> HubError
    /// Told of bytes as they come; negative when they have to be taken back.
    let progress: @Sendable (Int) -> Void

    /// Bytes of an earlier try that lie on disk.
    static func partialSize(of destination: String) -> Int {
        var status = stat()
        return stat(destination + ".incomplete", &status) == 0 ? Int(status.st_size) : 0
    }

    func run() async throws {
        let partial = destination + ".incomplete"
        do {
            try FileManager.default.createDirectory(
                at: URL(fileURLWithPath: partial).deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw HubError("\(destination) cannot be written (\(error.localizedDescription))")
        }
        let descriptor = open(partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw systemError() }
        defer { close(descriptor) }
        try await lock(descriptor)
        // Another process may have finished it meanwhile.
        var status = stat()
        if stat(destination, &status) == 0, file.size == nil || Int(status.st_size) == file.size {
            unlink(partial)
            return
        }
        try await attempts(descriptor)
        guard fsync(descriptor) == 0, rename(partial, destination) == 0 else { throw systemError() }
    }

    private func systemError() -> HubError {
        HubError("\(destination) cannot be written: \(String(cString: strerror(errno)))")
    }

    /// Waits while another process downloads the same file.
    private func lock(_ descriptor: Int32) async throws {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func attempts(_ descriptor: Int32) async throws {
        var attempt = 1
        var hasRestarted = false
        while true {
            let before = try size(of: descriptor)
            var retryAfter: String?
            let failure: HubError
            do {
                if let mismatch = try await fetch(descriptor) {
                    // What an earlier run left may be the damaged part: once, all of it is fetched anew.
                    progress(-(try size(of: descriptor)))
                    guard ftruncate(descriptor, 0) == 0 else { throw systemError() }
                    guard !hasRestarted else {
                        throw HubError(
                            "\(file.path) from \(WebClient.shown(url)) has \(mismatch): the file was not kept")
                    }
                    hasRestarted = true
                    continue
                }
                return
            } catch let error as PassingFailure {
                failure = error.error
                retryAfter = error.retryAfter
            } catch let error as WebError {
                guard error.kind == .connection else { throw HubError(error.description) }
                failure = HubError(error.description, isUnreachable: true)
            }
            // Only tries without progress count.
            if try size(of: descriptor) > before { attempt = 1 }
            guard let delay = retry.delay(afterAttempt: attempt, retryAfter: retryAfter) else {
                throw HubError(
                    failure.description + ". What has come is kept: run the command again to go on", isUnreachable: true
                )
            }
            attempt += 1
            try await Task.sleep(for: .seconds(delay))
        }
    }

    private struct PassingFailure: Error {
        let error: HubError
        let retryAfter: String?
    }

    private func size(of descriptor: Int32) throws -> Int {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw systemError() }
        return Int(end)
    }

    /// One try. The result says what is wrong with the checksum.
    private func fetch(_ descriptor: Int32) async throws -> String? {
        var start = try size(of: descriptor)
        if let size = file.size, start > size {
            progress(-start)
            guard ftruncate(descriptor, 0) == 0 else { throw systemError() }
            start = 0
        }
        var check = ContentCheck(file.checksum, size: file.size)
        if start > 0 { try addWritten(descriptor, start, &check) }
        if start == 0 || start != file.size {
            var request = WebRequest(url, headers: [("Accept-Encoding", "identity")], secretHeaders: secretHeaders)
            if start > 0 { request.headers.append(("Range", "bytes=\(start)-")) }
            let response = try await web.send(request)
            switch response.status {
            case 200:
                if start > 0 { progress(-start) }
                check = ContentCheck(file.checksum, size: file.size)
                start = 0
                guard ftruncate(descriptor, 0) == 0 else { throw systemError() }
            case 206 where response.header("content-range")?.hasPrefix("bytes \(start)-") == true: break
            case 206, 416:
                // The server's idea of the file is another: begin anew.
                progress(-start)
                guard start > 0, ftruncate(descriptor, 0) == 0 else { throw explain(response.status, file.path) }
                throw PassingFailure(error: explain(response.status, file.path), retryAfter: nil)
            case let status where RetryPolicy.isPassing(status: status):
                throw PassingFailure(error: explain(status, file.path), retryAfter: response.header("retry-after"))
            default: throw explain(response.status, file.path)
            }
            var written = start
            try await response.read { piece in
                guard file.size.map({ written + piece.count <= $0 }) ?? true else {
                    throw HubError(
                        "\(file.path) from \(WebClient.shown(url)) is longer than the hub says: the file was not kept")
                }
                try write(piece, descriptor, at: written)
                written += piece.count
                check.add(piece)
                progress(piece.count)
            }
            if let size = file.size, written < size {
                let error = HubError(
                    "\(file.path): the connection ended after \(written) of \(size) bytes", isUnreachable: true)
                throw PassingFailure(error: error, retryAfter: nil)
            }
        }
        return check.mismatch()
    }

    private func addWritten(_ descriptor: Int32, _ count: Int, _ check: inout ContentCheck) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while offset < count {
            let got = pread(descriptor, &buffer, min(buffer.count, count - offset), off_t(offset))
            guard got > 0 else { throw systemError() }
            check.add(Data(buffer[..<got]))
            offset += got
        }
    }

    private func write(_ piece: Data, _ descriptor: Int32, at offset: Int) throws {
        var done = 0
        while done < piece.count {
            let count = piece.withUnsafeBytes { bytes in
                bytes.baseAddress.map { pwrite(descriptor, $0 + done, bytes.count - done, off_t(offset + done)) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw systemError() }
            done += count
        }
    }
}

import Foundation
import Media
import Prompting

/// Decoded media of earlier steps, kept while they fit: small data sets are decoded once, large ones every epoch.
/// `@unchecked`: the tables are only touched under `lock`.
final class PatchCache: @unchecked Sendable {
    private let lock = NSLock()
    private var images: [MediaSource: ImagePatches] = [:]
    private var videos: [MediaSource: VideoPatches] = [:]
    private var bytes = 0
    private let capacityBytes: Int

    init(capacityBytes: Int = 1 << 30) { self.capacityBytes = capacityBytes }

    func image(_ source: MediaSource, _ settings: MediaSettings) throws -> ImagePatches {
        if let known = lock.withLock({ images[source] }) { return known }
        let patches = try settings.image.patches(of: source, limits: settings.imageLimits)
        keep(patches.values.count * 4) { images[source] = patches }
        return patches
    }

    func video(_ source: MediaSource, _ settings: MediaSettings) throws -> VideoPatches {
        if let known = lock.withLock({ videos[source] }) { return known }
        let video = try settings.video.patches(
            ofVideo: source, sampling: settings.sampling, limits: settings.videoLimits)
        keep(video.patches.values.count * 4) { videos[source] = video }
        return video
    }

    private func keep(_ size: Int, _ store: () -> Void) {
        lock.withLock {
            guard bytes + size <= capacityBytes else { return }
            bytes += size
            store()
        }
    }
}

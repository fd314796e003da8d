// swift-tools-version: 6.2
import PackageDescription

// LibTorch lies in .deps/torch: Tools/bootstrap.sh unpacks it there from PyPI's `torch` wheel.
let torch = "\(Context.packageDirectory)/.deps/torch"
// Warnings are errors in CI only, so that a newer compiler never keeps a user from building.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]
let swift: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + strict

/// One floor of the house: `name` may import only what stands in `uses`.
func module(_ name: String, uses: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses, swiftSettings: swift)
}

func tests(_ name: String, uses: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + uses, resources: [.copy("Fixtures")], swiftSettings: swift)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
]

func systemLibrary(_ name: String, _ pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "anneal",
    products: [.executable(name: "anneal", targets: ["Anneal"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
    ],
    targets: [
        // C and C++ behind C headers.
        .target(
            name: "CTorch",
            cxxSettings: [
                .headerSearchPath("."),
                .unsafeFlags([
                    "-isystem", "\(torch)/include", "-isystem", "\(torch)/include/torch/csrc/api/include",
                    "-O3", "-Wno-deprecated-declarations", "-Wno-psabi", "-Wno-nullability-completeness",
                    // The wheel is built by GCC; newer clang mangles constrained templates differently.
                    "-fclang-abi-compat=17",
                ])
            ],
            linkerSettings: [
                .unsafeFlags([
                    "-L\(torch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(torch)/lib",
                ]),
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ]),
        .target(
            name: "CMedia", dependencies: ["CJPEG", "CPNG", "CWebP", "CFFmpeg"], cSettings: [.unsafeFlags(["-O3"])],
            linkerSettings: [.linkedLibrary("dl"), .linkedLibrary("m")]),
        // Parquet and Arrow files. Apache Arrow is optional: Tools/bootstrap.sh unpacks it to .deps/arrow and builds the reader there.
        .target(
            name: "CArrow", exclude: ["reader.cpp"],
            linkerSettings: [
                .linkedLibrary("dl"),
                .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "\(Context.packageDirectory)/.deps/arrow/lib"]),
            ]),
        systemLibrary("CJPEG", "libjpeg", apt: "libjpeg62-turbo-dev"),
        systemLibrary("CPNG", "libpng", apt: "libpng-dev"),
        systemLibrary("CWebP", "libwebpdemux", apt: "libwebp-dev"),
        // Headers only: CMedia loads the libraries at first use, for they bring a hundred others along.
        .systemLibrary(name: "CFFmpeg", providers: [.apt(["libavformat-dev", "libswscale-dev"])]),
        systemLibrary("CCairo", "cairo", apt: "libcairo2-dev"),

        // The house, bottom floor first.
        module("Basics"),
        module("JSON"),
        module("Jinja", uses: ["JSON"]),
        module("Torch", uses: ["CTorch", "Basics"]),
        // Starting several processes.
        module("Parallelism", uses: ["Basics", "Torch"]),
        module("NN", uses: ["Torch"]),
        module("Media", uses: ["CMedia"]),
        module("Models", uses: ["Basics", "Torch", "NN", "Media"]),
        module("RunConfig", uses: ["Basics", "Yams"]),
        module("Prompting", uses: ["Basics", "JSON", "Jinja", "Media"]),
        module("Datasets", uses: ["Basics", "CArrow", "JSON", "Prompting", "Media", "Reporting"]),
        module("Reporting", uses: ["Basics", "JSON", "CCairo"]),
        module("Scoring", uses: ["JSON", "Reporting"]),
        // What talks to a network: HTTP, the hubs, and endpoints that write data.
        module("Web", uses: [.product(name: "AsyncHTTPClient", package: "async-http-client")] + nio),
        module("Hub", uses: ["Basics", "JSON", "Reporting", "Web", "Yams", .product(name: "Crypto", package: "swift-crypto")]),
        module("Augment", uses: ["JSON", "Datasets", "Reporting", "Web"]),
        module("Demo", uses: ["Basics", "JSON", "CCairo", "CPNG"]),
        module("DataTools", uses: ["Basics", "JSON", "Media", "Prompting", "Datasets", "Reporting"]),
        module("Training", uses: ["Basics", "JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting"]),
        module("Inference", uses: ["Basics", "JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "Scoring"]),
        module(
            "Server",
            uses: [
                "JSON", "Models", "RunConfig", "Media", "Prompting", "Inference", "Reporting",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        // Training and serving meet here: rollouts on the one engine, and rewards.
        module("Reinforcement", uses: ["JSON", "Torch", "NN", "Models", "RunConfig", "Prompting", "Reporting", "Web", "Augment", "Training", "Inference"]),
        .executableTarget(
            name: "Anneal",
            dependencies: [
                "Basics", "JSON", "Torch", "Parallelism", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "Scoring", "Training", "Inference", "Reinforcement", "Demo",
                "Web", "Hub", "Augment",
                "DataTools", "Server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "PreprocessBenchmark", dependencies: ["Media", "Prompting"], path: "Benchmarks/preprocess",
            swiftSettings: swift),

        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: swift),
        tests("JSON"),
        tests("Jinja", uses: ["JSON"]),
        tests("Torch", uses: ["Basics", "TestSupport"]),
        tests("NN", uses: ["Torch"]),
        tests("Models", uses: ["Torch", "NN", "Media", "TestSupport"]),
        tests("RunConfig"),
        tests("Media", uses: ["TestSupport"]),
        tests("Prompting", uses: ["Basics", "JSON", "Media"]),
        tests("Datasets", uses: ["JSON", "Prompting", "Media", "TestSupport"]),
        // The executable is run as users run it.
        tests("DataTools", uses: ["JSON", "Media", "Prompting", "Datasets", "Anneal", "TestSupport"]),
        tests("Reporting", uses: ["Basics", "JSON", "TestSupport"]),
        tests("Scoring", uses: ["JSON", "Reporting", "TestSupport"]),
        // A web server inside the tests of what talks to one.
        .target(
            name: "LocalServer", dependencies: nio + [.product(name: "NIOPosix", package: "swift-nio")], path: "Tests/LocalServer",
            swiftSettings: swift),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
        tests("Hub", uses: ["Web", "LocalServer", .product(name: "Crypto", package: "swift-crypto")]),
        tests("Augment", uses: ["JSON", "Datasets", "Web", "LocalServer"]),
        tests("Demo", uses: ["Prompting", "RunConfig"]),
        tests("Training", uses: ["Basics", "JSON", "Torch", "Parallelism", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "TestSupport"]),
        tests("Server", uses: ["Basics", "JSON", "Models", "RunConfig", "Media", "Prompting", "Inference"]),
        // The executable is run as users run it.
        tests("Inference", uses: ["Basics", "JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "Scoring", "Anneal", "TestSupport"]),
        tests(
            "Reinforcement",
            uses: ["JSON", "Torch", "NN", "Models", "RunConfig", "Media", "Prompting", "Datasets", "Reporting", "Augment", "Training", "Inference", "Anneal", "LocalServer", "TestSupport"]),
    ],
    cxxLanguageStandard: .cxx20
)

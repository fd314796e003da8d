/// dataset_info.json with the demo's three data sets.
enum DatasetInfo {
    static let files = [
        (DemoPaths.seeDataset, "see.json"), (DemoPaths.rulesTrainDataset, "rules_train.json"),
        (DemoPaths.rulesTestDataset, "rules_test.json"),
    ]

    static var json: JSONText {
        .object(
            files.map { name, file in
                (
                    name,
                    .object([
                        ("file_name", .string(file)), ("formatting", "sharegpt"),
                        ("columns", .object([("messages", "messages"), ("images", "images")])),
                        (
                            "tags",
                            .object([
                                ("role_tag", "role"), ("content_tag", "content"), ("user_tag", "user"),
                                ("assistant_tag", "assistant"), ("system_tag", "system"),
                            ])
                        ),
                    ])
                )
            })
    }
}

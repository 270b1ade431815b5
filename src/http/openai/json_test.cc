// SPDX-License-Identifier: Apache-2.0
#include "http/openai/json.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "http/openai/data_url.h"
#include "http/openai/json_writer.h"

namespace lares::http::openai {
namespace {

std::string Problem(const std::string& text) {
  const auto json = ParseJsonObject(text);
  if (json) return "";
  EXPECT_EQ(json.error().reason(), "invalid_json");
  return json.error().message();
}

std::string Repeat(const std::string& what, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += what;
  return out;
}

TEST(Json, TakesObjectsAndKeepsTheirOrder) {
  const auto json = ParseJsonObject(R"({"z":1,"a":{"c":[true,null,"\u00fc"],"b":2.5}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"z":1,"a":{"c":[true,null,"ü"],"b":2.5}})");
}

TEST(Json, SaysWhereItIsBroken) {
  EXPECT_EQ(Problem(R"({"a":x})"), "the JSON is broken at byte 6");
  EXPECT_EQ(Problem(R"({"a":)"), "the JSON ends too early, at byte 5");
  EXPECT_EQ(Problem(""), "the JSON ends too early, at byte 0");
  EXPECT_EQ(Problem("{\"a\":\"\xff\"}"), "the body is not UTF-8: byte 6");
  EXPECT_EQ(Problem("[]"), "the body must be a JSON object");
  for (const char* bad : {"null", "5", "{}x", "{'a':1}", R"({"a":NaN})", R"({"a":01})", R"({"a":"\ud800"})",
                          "{\"a\":\"\x01\"}", R"({"a":1e999})", "\xef\xbb\xbf"}) {
    EXPECT_NE(Problem(bad), "") << bad;
  }
  EXPECT_EQ(Problem(std::string("canary-") + "text").find("canary"), std::string::npos);
}

TEST(Json, IsBounded) {
  EXPECT_EQ(Problem(R"({"a":)" + Repeat("[", 63) + Repeat("]", 63) + "}"), "");
  EXPECT_NE(Problem(R"({"a":)" + Repeat("[", 64) + Repeat("]", 64) + "}"), "");
  EXPECT_NE(Problem(Repeat("{\"a\":", 1'000'000)), "");
  EXPECT_NE(Problem(R"({"a":[0)" + Repeat(",0", kMaxJsonValues) + "]}"), "");
  std::string members = R"({"a":0)";
  for (std::size_t i = 1; i < kMaxJsonMembers; ++i) members += ",\"" + std::to_string(i) + "\":0";
  EXPECT_EQ(Problem(members + "}"), "");
  EXPECT_NE(Problem(members + R"(,"b":0})"), "");
  // Brackets and commas within strings count for nothing.
  EXPECT_EQ(Problem(R"({"a":")" + Repeat("[{,\\\"", 5000) + R"("})"), "");
}

TEST(Json, NamesTheMemberThatIsTooMuch) {
  const auto param = [](const std::string& text) { return ParseJsonObject(text).error().param(); };
  EXPECT_EQ(param(R"({"a":"x:\"y","response_format":{"b":)" + Repeat("[", 70) + Repeat("]", 70) + "}}"),
            "response_format");
  EXPECT_EQ(param(R"({"a":1,"tools" : [0)" + Repeat(",0", kMaxJsonValues) + "]}"), "tools");
  EXPECT_EQ(param(Repeat("[", 70)), "");
}

TEST(JsonWriter, EscapesAndRepairs) {
  const auto text = [](std::string_view value) {
    std::string out;
    AppendJsonString(out, value);
    return out;
  };
  EXPECT_EQ(text("a\"b\\c\n\t\x01\x7f/ü"), R"("a\"b\\c\n\t\u0001\u007f/ü")");
  EXPECT_EQ(text("\xff"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(text(std::string_view("\0", 1)), R"("\u0000")");
  for (int c = 0; c < 256; ++c) {
    const std::string out = text(std::string(1, static_cast<char>(c)));
    EXPECT_TRUE(nlohmann::json::accept(out)) << c;
  }
}

TEST(JsonWriter, NumbersReadBack) {
  const auto number = [](double value) {
    std::string out;
    AppendJsonNumber(out, value);
    return out;
  };
  EXPECT_EQ(number(static_cast<double>(0.1F)), "0.1");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(-0.5), "-0.5");
  EXPECT_EQ(number(1e30), "1e+30");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-9999");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "-9999");
}

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  JsonWriter(out)
      .BeginObject()
      .Field("a", 1)
      .Key("b")
      .BeginArray()
      .Integer(1)
      .BeginObject()
      .EndObject()
      .String("x")
      .Null()
      .EndArray()
      .Field("c", true)
      .EndObject();
  EXPECT_EQ(out, R"({"a":1,"b":[1,{},"x",null],"c":true})");
}

TEST(Base64, BothWays) {
  const std::pair<const char*, const char*> pairs[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}};
  for (const auto& [plain, coded] : pairs) {
    EXPECT_EQ(EncodeBase64(plain), coded);
    EXPECT_EQ(DecodeBase64(coded), plain);
  }
  EXPECT_EQ(DecodeBase64("Zg"), "f");
  for (const char* bad : {"Z", "Zg=a", "Z g=", "Zg===", "Zm9v\n"})
    EXPECT_EQ(DecodeBase64(bad), std::nullopt) << bad;
}

TEST(DataUrl, HoldsAnImage) {
  const auto url = DecodeDataUrl("data:image/png;base64,Zm9v");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->media_type, "image/png");
  EXPECT_EQ(url->bytes, "foo");
  EXPECT_EQ(url->digest, "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
  for (const char* bad : {"https://a/b.png", "data:image/png,x", "data:text/plain;base64,Zg==",
                          "data:image/png;base64", "data:image/png;base64,*", ""}) {
    EXPECT_FALSE(DecodeDataUrl(bad)) << bad;
  }
}

}  // namespace
}  // namespace lares::http::openai

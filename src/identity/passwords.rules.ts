/** What people are known to choose among passwords long enough to be let through otherwise, in lower case. */
const COMMON = new Set(
  `0123456789 0987654321 1029384756 1111111111 11111111111 1122334455 1212121212 123123123123 1231231231 1234512345 123456123456
  1234567890 12345678900 12345678901 12345678910 1234567891 1234567899 123456789a 123456789q 123456789abc 1234qwerasdf 12qwaszx12
  147258369a 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qazxsw23edc 2222222222 5555555555 7777777777 9876543210 9999999999
  a123456789 aaaaaaaaaa abc123456789 abcd123456 abcd12345678 abcdefg123 abcdefghij abcdefghijk administrator admin123456 adminadmin
  asdf123456 asdfasdfasdf asdfghjkl1 asdfghjkl123 asdfghjkl; baseball123 basketball blink182blink changeme123 changemenow
  charlie123 chocolate1 computer123 dragon123456 facebook123 football10 football12 football123 fuckyou123 google12345 hello12345
  hello123456 iloveyou12 iloveyou123 iloveyou1234 iloveyou2 jennifer123 letmein123 letmein1234 letmein12345 liverpool1 liverpool123
  login12345 manchester manchesterunited master12345 michael123 michelle123 minecraft1 minecraft123 monkey12345 mypassword
  mypassword1 mypassword123 newpassword ohmygod123 p@ssw0rd123 p@ssword123 pa55word123 passpasspass passw0rd12 passw0rd123
  passw0rd1234 password00 password01 password10 password11 password12 password123 password1234 password12345 password123456
  password1! password2020 password2021 password2022 password2023 password2024 password2025 password2026 password99 passwordpassword
  pokemon123 princess12 princess123 princess1234 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123456 qazwsxedc1 qazwsxedc123 qazwsxedcrfv
  qqqqqqqqqq qwer123456 qwerasdfzxcv qwerty1234 qwerty12345 qwerty123456 qwerty1234567 qwertyqwerty qwertyuiop qwertyuiop1
  qwertyuiop123 qwertyuiop[] samsung123 secret12345 starwars123 summer2024 summer2025 sunshine12 sunshine123 superman12 superman123
  test123456 testpassword testtest123 trustno1trustno1 unknown123 welcome123 welcome1234 welcome12345 whatever123 zaq12wsxcde3
  zaq1zaq1zaq1 zaq1xsw2cde3 zxcvbnm123 zxcvbnm1234 zxcvbnmzxcvbnm zzzzzzzzzz`.split(/\s+/),
);

/** Fewer different characters than these are a pattern, not a password. */
const MIN_DIFFERENT_CHARACTERS = 5;
/** A shorter part of an address or a name may well be in a good password. */
const MIN_PART_CHARACTERS = 4;

/** What is known of whoever chooses a password. */
export interface Chooser {
  readonly email: string;
  readonly name: string;
}

/** Why a password is not taken. */
export type PasswordFault = "too_short" | "too_common" | "too_plain" | "too_personal";

/**
 * Why this password is too easily guessed; undefined when it is not. Whoever chooses it is asked for length, not for kinds of
 * characters.
 *
 * @see NIST SP 800-63B section 3.1.1.2
 */
export function passwordFault(password: string, minCharacters: number, chooser: Chooser): PasswordFault | undefined {
  if (password.length < minCharacters) return "too_short";
  const text = password.toLowerCase();
  if (COMMON.has(text)) return "too_common";
  if (new Set(text).size < MIN_DIFFERENT_CHARACTERS) return "too_plain";
  return isMadeOf(text, chooser) ? "too_personal" : undefined;
}

/** Whether little is left of the password without the person's address and name. */
function isMadeOf(text: string, { email, name }: Chooser): boolean {
  const parts = [email, ...email.split("@"), name, ...name.split(" ")]
    .map((part) => part.toLowerCase().trim())
    .filter((part) => part.length >= MIN_PART_CHARACTERS);
  return parts.some((part) => text.includes(part) && text.replaceAll(part, "").length < MIN_PART_CHARACTERS);
}

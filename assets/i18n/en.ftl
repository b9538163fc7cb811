# The words of Koumen's screens. The keys are those of zh-CN.ftl; a test compares them.
# Style: plain, friendly, short; first say what is safe, then what to do next.

## Everywhere
app-name = Koumen
app-motto = Knock, listen, note it down
back = Back
close = Close
save = Save
open = Open
more = Show more
yes = Yes
no = No
loading = Opening
skip-to-content = Skip to content
main-navigation = Main navigation
list-comma = {", "}
list-stop = {". "}
not-found-title = No such page
not-found-text = This address leads nowhere. Start again from Today.

## Navigation
tab-today = Today
tab-households = Households
tab-log = Log
tab-issues = Issues
tab-conflicts = Conflicting entries
tab-parked = Parked
tab-outbox = Uploads
tab-settings = Settings

## Dates and times
day-today = today
day-yesterday = yesterday
day-tomorrow = tomorrow
day-of-year =
    { $month ->
        [1] { $day } Jan
        [2] { $day } Feb
        [3] { $day } Mar
        [4] { $day } Apr
        [5] { $day } May
        [6] { $day } Jun
        [7] { $day } Jul
        [8] { $day } Aug
        [9] { $day } Sep
        [10] { $day } Oct
        [11] { $day } Nov
       *[12] { $day } Dec
    }
day-full =
    { $month ->
        [1] { $day } Jan { $year }
        [2] { $day } Feb { $year }
        [3] { $day } Mar { $year }
        [4] { $day } Apr { $year }
        [5] { $day } May { $year }
        [6] { $day } Jun { $year }
        [7] { $day } Jul { $year }
        [8] { $day } Aug { $year }
        [9] { $day } Sep { $year }
        [10] { $day } Oct { $year }
        [11] { $day } Nov { $year }
       *[12] { $day } Dec { $year }
    }
long-day =
    { $month ->
        [1] { $weekday }, { $day } Jan
        [2] { $weekday }, { $day } Feb
        [3] { $weekday }, { $day } Mar
        [4] { $weekday }, { $day } Apr
        [5] { $weekday }, { $day } May
        [6] { $weekday }, { $day } Jun
        [7] { $weekday }, { $day } Jul
        [8] { $weekday }, { $day } Aug
        [9] { $weekday }, { $day } Sep
        [10] { $weekday }, { $day } Oct
        [11] { $weekday }, { $day } Nov
       *[12] { $weekday }, { $day } Dec
    }
weekday-0 = Sunday
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
met-never = Never met yet
met-today = Met today
met-days-ago =
    { $days ->
        [one] Met yesterday
       *[other] Met { $days } days ago
    }
met-months-ago = Met { $months } months ago
care-reason = { $need }: every { $days } days at least; last time: { $day }
care-reason-never = { $need }: every { $days } days at least; never met yet
care-next = Look in again before { $day }
care-next-now = Time to look in
care-next-why = { $when } ({ $why })
care-seen-by = { $who } has been to see { $name } ({ $day }). No need to come again before { $until } ({ $need }: once in { $days } days is enough).
care-seen-by-you = You have been to see { $name } ({ $day }). No need to come again before { $until } ({ $need }: once in { $days } days is enough).
care-seen = A colleague has been to see { $name } ({ $day }). No need to come again before { $until } ({ $need }: once in { $days } days is enough).
due-today = due today
due-in-days =
    { $days ->
        [one] due tomorrow
       *[other] due in { $days } days
    }
due-days-over =
    { $days ->
        [one] one day over
       *[other] { $days } days over
    }

## Sign in
sign-in-title = Sign in
sign-in-username = User name
sign-in-password = Password
sign-in-submit = Sign in
sign-in-busy = Signing in…
sign-in-sealed = This phone was revoked. What { $name } recorded is encrypted, and nobody can read it. When { $name } signs in again, everything comes back as it was.
sign-in-sealed-waiting = In it, not uploaded yet: records { $operations }, photos { $photos }, drafts { $drafts }. None is lost.
sign-in-hint = The first time needs a connection. After that everything works without one; records stay on the phone first.

## Today
today-start = Start a visit
today-start-hint = Find the door and knock
today-drafts = Not finished yet
today-promises = Promised
today-care = People to look in on
today-care-total =
    { $count ->
        [one] One person to look in on today
       *[other] { $count } people to look in on today
    }
today-care-overdue = ; overdue: { $count }
today-care-building = { $building } ({ $count })
today-care-left = Not listed yet: { $count }
today-care-held =
    { $count ->
        [one] One more would be due; that household asked us not to come yet.
       *[other] { $count } more would be due; those households asked us not to come yet.
    }
today-issues = Open issues ({ $count })
today-conflicts =
    { $count ->
        [one] One thing was written down in two ways. Take a look.
       *[other] { $count } things were written down in two ways. Take a look.
    }
today-nothing = Nothing is waiting today
today-nothing-hint = Go and knock, or see who has not been visited for long.
today-no-households = No households on this phone yet
today-no-households-hint = Your grids arrive by themselves once there is a connection. If they do not, ask your supervisor.
today-receiving = Your grids are arriving
today-receiving-hint = The first time takes a moment; see the progress at the top right.
today-oversee = Look and decide
promise-kept = Kept
promise-kept-done = Noted: promise kept
update-now = Update

## Households
start-title = Which household
search-label = Find a household
search-placeholder = Name, pinyin, door, phone
search-more = Only the first { $count } are shown. Type a little more to narrow it down.
search-found =
    { $count ->
        [one] One found
       *[other] { $count } found
    }
search-nothing = Nothing found
search-nothing-hint = Try another way: a name, pinyin initials, 3-2-501.
building-name = Building { $building }
building-figures = { $households } households · { $residents } people
unit-name = Unit { $unit }
unit-none = Doors
floor-name = Floor { $floor }
unit-choose = Which unit
doors-others = Other door numbers
building-houses = Houses
door-state-no-visit = No visit
door-state-due = Due
door-state-promised = Promise
door-state-vacant = Vacant
door-state-met = Met
door-state-not-at-home = Not in
door-state-declined = Declined
door-state-moved = Moved
door-state-postponed = Again
door-state-not-visited = Not yet
household-title = Household
household-new = Add a household
household-edit = Edit household
household-people = People
household-nobody = Nobody has been noted here yet.
household-history = Visits and issues
household-no-history = Never visited yet
household-no-history-hint = The first time, say who you are.
household-door-read-as = Will be recorded as { $door }
household-door-hint = Any way you write it: 3-2-501, 3栋2单元501室
household-hours-hint = For example: after supper, weekends
household-no-visit-hint = They said “please not before that day”? Note it here.
household-grid-hint = Once this is saved and uploaded, its people, visits, issues and photos move to this grid.
household-moving = Moves to { $area } once uploaded
no-visit-before-warning = They asked: please do not visit before { $day }.
not-alone-warning = They prefer that nobody comes alone. Bring a colleague.
not-alone-short = Not alone
knock-dog = There is a dog: call out first, and go in when it is held.
knock-bell-broken = The bell is broken: knock, or telephone.
knock-telephone-first = They would like a telephone call before you come.
wish-besides = The record merged into this one also says: { $text }
findings = Found on a visit, not yet noted with anybody
finding-when = Found on the visit { $moment }
finding-whose = Whose is it? Tap the name and it is noted.
preferred-hours-are = Good times: { $hours }
born-year = Born { $year }
born-month =
    { $month ->
        [1] Born Jan { $year }
        [2] Born Feb { $year }
        [3] Born Mar { $year }
        [4] Born Apr { $year }
        [5] Born May { $year }
        [6] Born Jun { $year }
        [7] Born Jul { $year }
        [8] Born Aug { $year }
        [9] Born Sep { $year }
        [10] Born Oct { $year }
        [11] Born Nov { $year }
       *[12] Born Dec { $year }
    }
record-visit = Record a visit
report-issue = Report an issue
saved-on-phone = Saved on the phone
saved-next = It is uploaded by itself when there is a connection. Next:
saved-building = Whole building
next-door = Next door { $door }
next-passed = Passed by: { $doors }
next-passed-more = Passed by: { $doors } and others, { $count } in all
building-done = This building is done for today

## Residents
resident-add = Add a resident
resident-edit = Edit { $name }
resident-edit-title = Edit resident
resident-phone = Phone { $number }
resident-needs = What help is wanted
resident-consent = They agree to be noted
resident-remove = Remove this resident
resident-remove-text = For somebody who moved away or was noted by mistake. Past visits stay; for 30 days it can be brought back.
resident-removed = { $name } was removed
consent-none = Not asked yet
consent-visits-and-help = Visits and help
consent-emergency-only = Emergencies only
relation-head = Head of household
relation-spouse = Spouse
relation-child = Child
relation-parent = Parent
relation-grandchild = Grandchild
relation-other = Other
tenure-owned = Owned
tenure-rented = Rented
tenure-vacant = Vacant
need-lives-alone = Lives alone
need-mobility = Hard to get about
need-chronic-illness = Chronic illness, medicine
need-hearing-sight = Hearing or sight
need-disability-service = Disability service
need-child-left-behind = Child left with relatives
need-new-mother = New mother
need-low-income-support = Low-income support
need-new-in-area = New in the area
need-language-help = Language help
need-unknown = Another need
door-warning-dog = Dog
door-warning-bell-broken = Bell broken
door-warning-telephone-first = Telephone first
door-warning-unknown = Another warning
same-household-ask = Same household twice?
same-household-lead = Choose the one that is the same household. Then only this one is shown, with the people, visits and issues of both. It can be taken apart again.
same-household-choose = The same household
same-resident-ask = Same person twice?
same-resident-lead = Choose the one who is the same person. Then only this one is shown. It can be taken apart again.
same-resident-choose = The same person
same-household-title = Same door
same-door-here = A household is recorded at { $door }: { $names }
same-door-elsewhere = { $area } has a household at { $door }, too: { $names }
same-door-open = Go to this household
same-door-another = Another household lives behind this door; record it separately
same-resident-title = Same name
same-nothing = Nothing here looks alike.
same-named = { $title } ({ $detail })
same-shown-here = Also recorded as: { $title }
same-count = The same person was recorded { $count } times; merged
same-by = Merged by { $author } · { $moment }
same-separate = Take apart
same-merged = Merged; everybody will see it
same-separated = Taken apart; both are there

## Visits
visit-title = Visit { $door }
visit-page-title = Visit
visit-when-who = When and by whom
visit-met = Met: { $names }
visit-promised = Promised: { $promise }
visit-household = Open { $door }
visit-note-placeholder = What you heard, what you saw
visit-other-draft = A visit to this household was begun ({ $moment }) and not finished.
visit-go-on = Go on with it
visit-save = Save
visit-discard = Discard
draft-kept = Kept on the phone by itself; closing loses nothing
draft-will-be-kept = Kept as you write; closing loses nothing
draft-visit = Visit
draft-issue = Issue
draft-household = Household
draft-resident = Resident
draft-step = Step of an issue
draft-unknown = Draft
draft-correction = { $kind }, correction
draft-thrown-away = The draft is in the bin
correction-thrown-away = The correction was not saved; it is in the bin
correction-discard = Leave as it was
correction-saved = Correction kept on the phone
save-correction = Save correction
form-correction = This is saved already; what you write now corrects it. What it said before stays readable.
form-elsewhere = This draft is open in another window too. What you write here is kept separately; both are among the drafts.
form-read-again = Try again
photo-taken-out = Photo taken out
undo = Undo
undo-done = It is back
undo-failed = It could not be brought back. Please look in the bin, in the settings.
outcome-met = Met
outcome-not-at-home = Nobody at home
outcome-declined = Declined
outcome-moved = Moved away
outcome-postponed = Another day
outcome-unknown = Other
purpose-routine = Routine visit
purpose-care = Care visit
purpose-issue-follow-up = Issue follow-up
purpose-festival = Festival greeting
purpose-hospital = Hospital visit
purpose-hardship = Help in hardship
purpose-new-in-area = New in the area
purpose-opinions = Hearing opinions
purpose-unknown = Other
phrase-all-well = All is well
phrase-unwell = Not feeling well
phrase-safety-reminder = Reminded of gas and power safety
phrase-gave-number = Left a service number
phrase-needs-repair = Needs a repair
phrase-needs-errand = Needs an errand
phrase-wants-company = Would like company
phrase-neighbour-dispute = Dispute with a neighbour
phrase-left-slip = Left a note
phrase-family-answered = Family answered
phrase-unknown = Other
promise-placeholder = What you promised
promise-tomorrow = Tomorrow
promise-three-days = In 3 days
promise-next-week = Next Monday
promise-no-day = No day set
promise-other-day = Another day
promise-kept-on = Kept { $day }
visit-correct = Correct
visit-take-back = Take this visit back
visit-take-back-hint = For a visit noted by mistake; for 30 days it can be brought back.
visit-taken-back = The visit was taken back
household-take-back = Take this household back
household-take-back-hint = For a door noted by mistake; for 30 days it can be brought back.
household-taken-back = The household was taken back
issue-correct = Correct the words

## Photos
photos = Photos
photos-optional = Photos (if you like)
photo-camera = Take a photo
photo-files = Choose photos
photo-busy = Preparing photos…
photo-enough = { $count } photos are enough.
photo-count =
    { $count ->
        [one] one photo
       *[other] { $count } photos
    }
photo-open = Look at photo { $number } of { $total }
photo-remove = Take out photo { $number }
photo-number = Photo { $number } / { $total }
photo-taken = Taken { $moment }
photo-not-uploaded = Not uploaded yet
photo-previous = Previous photo
photo-next = Next photo
photo-alt = Photo

## Issues
issues-open = Open
issues-all = All
issues-nothing = No issues
issues-nothing-hint = A broken lamp, a blocked stairway: report it as you pass.
issue-page-title = Issue
issue-title-placeholder = One line, e.g. lamp on floor 3 is broken
issue-place-placeholder = E.g. building 3, door of unit 2
issue-no-grid = No grid is assigned to you at the moment, so nothing can be reported. Please ask your supervisor; what you write stays as a draft.
issue-at = At { $door } ({ $area })
issue-on-the-spot = Handled on the spot
issue-on-the-spot-hint = It is done already; only a record is kept
issue-save = Report
issue-timeline = Timeline
issue-next = Next step
category-safety = Safety
category-environment = Environment
category-hygiene = Hygiene
category-property-management = Property management
category-facilities = Facilities
category-dispute = Dispute
category-service-need = Service need
category-other = Other
category-unknown = Other
step-reported = Reported
step-handled-on-the-spot = Handled on the spot
step-accepted = Accepted
step-assigned = Assigned
step-in-progress = In progress
step-resolved = Resolved
step-confirmed = Confirmed
step-closed = Closed
step-returned = Returned
step-reopened = Reopened
step-merged-into = Merged
step-unknown = A step of a newer version
do-reported = Report
do-handled-on-the-spot = Handle on the spot
do-accepted = Accept
do-assigned = Assign
do-in-progress = Start work
do-resolved = Resolve
do-confirmed = Confirm
do-closed = Rate and close
do-returned = Return
do-reopened = Reopen
do-merged-into = Merge into another
step-note = Note (if you like)
step-unit = To whom
step-unit-told = This notes whom it goes to, for your colleagues to see. Please tell the unit yourself.
step-unit-other = Another unit
step-unit-hint = Supervisors add units in the settings, under “Our community”.
step-target = Merge into
step-target-none = Choose one
step-rating = How satisfied
step-late = The issue has gone on meanwhile, and this step cannot be taken now. What you wrote is kept: copy what you can use, then choose “Discard”.
rating-5 = Very satisfied
rating-4 = Satisfied
rating-3 = So-so
rating-2 = Not satisfied
rating-1 = Not at all
reason-issue-unknown-step = This step is of a newer version; it is kept.
reason-issue-already-reported = It had been reported already; this step changed nothing.
reason-issue-merged = It had been merged; this step changed nothing.
reason-issue-already-finished = It had been finished; this step changed nothing.
reason-issue-already-there = Somebody did the same step at the same time; this one changed nothing.
reason-issue-out-of-order = It came out of order; this step changed nothing.
reason-issue-reopened-meanwhile = Somebody reopened it at the same time with news; this step changed nothing. Please look at the news.
reason-issue-taken-up-meanwhile = Somebody took it up at the same time; this return changed nothing.
reason-issue-assigned-elsewhere = It was sent to another department at the same time; the later dispatch holds.
reason-issue-own-work = Nobody confirms what they resolved themselves; ask whoever reported it, or the supervisor.
reason-unknown = This step changed nothing.

## Conflicts
conflicts-title = Conflicting entries
conflicts-lead = Two people changed the same thing without knowing of each other. Both are kept; choose one.
conflicts-nothing = Everything agrees
conflicts-nothing-hint = Nobody wrote anything different.
conflict-mark = Written in { $count } ways; take a look
conflict-explained = This was changed by several people at once and every value is kept. What you choose, everybody sees.
conflict-who-when = { $author } · { $moment }
conflict-shown = Shown now
conflict-keep = Keep this one
conflict-restore = Use this one
conflict-restored = Done; everybody will see it
earlier-title = What it said before ({ $count })
earlier-replaced = Replaced by { $author } · { $moment }
removal-who = Removed by { $author } · { $moment }
removal-edited-by = Changed by { $author } · { $moment }, without knowing of the removal
removal-explained = Somebody removed it and somebody changed it, so it is still here. Please decide.
removal-keep = Keep
removal-again = Remove anyway
removal-kept = Kept; everybody will see it
removal-done = Removed; it can be brought back for 30 days
removed-title = Bin
removed-lead = Removed records and discarded drafts can be brought back for 30 days.
removed-nothing = The bin is empty
removed-back = Bring back
removed-is-back = It is back; everybody will see it
removed-drafts = Discarded drafts
removed-drafts-hint = On this phone only, with their photos.
record-new = New { $kind }
record-edit = Change
record-edit-title = Change the { $kind }
record-area = Holds for
record-none-chosen = None
record-gone = Removed, or not on this phone
record-not-yours = Supervisors add these; this account cannot.
record-phones-hint = Separate several numbers with a comma
record-remove = Remove the { $kind }
record-remove-hint = For what is no longer used or was noted by mistake. For 30 days it can be brought back.
record-removed = { $name } was removed
records-none = No { $kind } yet
records-none-add = What you add, everybody who works here has on the phone.
records-none-hint = When a supervisor adds one, it comes to this phone by itself.
records-search = Search
records-not-found = Nothing found
records-more = Only the first { $count } are shown
thrown-away-at = Discarded { $moment }
mark-waiting = Waiting
mark-conflicts =
    { $count ->
        [one] one thing in two ways
       *[other] { $count } things in two ways
    }
value-empty = (empty)
value-other = (cannot be shown)
value-people =
    { $count ->
        [one] one person
       *[other] { $count } people
    }
value-grid = grid { $number }

## Uploads
outbox-title = Uploads
outbox-lists = Choose a list
outbox-tab-drafts = Drafts
outbox-tab-waiting = Waiting
outbox-tab-uploaded = Uploaded
outbox-tab-attention = Attention
outbox-no-drafts = No drafts
outbox-no-drafts-hint = Every unfinished form stays here.
outbox-none-waiting = Everything is uploaded
outbox-none-waiting-hint = New records stay on the phone first and go up by themselves.
outbox-none-uploaded = Nothing was uploaded lately
outbox-none-attention = Nothing needs you
outbox-none-attention-hint = What the server cannot take comes here and is not lost.
outbox-photos = Photos waiting ({ $count })
outbox-photo-refused = A photo was not taken
outbox-photo-discard = Delete photo
outbox-photo-discard-text = This photo is on this phone only; deleted, it is gone. The record stays as it is.
outbox-saved-at = Saved { $moment }
outbox-uploaded-at = Uploaded { $moment }
outbox-retry = Try again
outbox-dismiss = Leave to supervisor
outbox-retried = Waiting again
outbox-dismissed = Left to the supervisor; the record is kept
action-created = new { $kind }
action-edited = { $kind } edited
action-step = { $kind }: next step
action-removed = { $kind } removed
kind-household = household
kind-resident = resident
kind-visit = visit
kind-issue = issue
kind-photo = photo
kind-unit = unit
kind-category = category
kind-care-rule = care rule
kind-unknown = record
sync-label = Uploads:
sync-up-to-date = In sync
sync-idle = Getting ready
sync-working = Syncing
sync-sending = Sending · { $count }
sync-receiving = Receiving { $count }%
sync-waiting = { $count } waiting
sync-offline = Offline
sync-offline-waiting = Offline · { $count } waiting
sync-trouble = Later · { $count }
sync-server-full = On the phone · { $count }
sync-attention = Attention { $count }
sync-clock-wrong = Clock is off
sync-sign-in-again = Sign in again
sync-update-needed = Please update
sync-last = Last in sync: { $moment }
sync-never = Never in sync yet
sync-now = Upload now
phase-idle = Getting ready.
phase-working = Talking to the server.
phase-up-to-date = Everything is uploaded and agrees with the server.
phase-with-attention = Something needs you; the rest is uploaded.
phase-offline = No connection now. Carry on: everything is on the phone and goes up by itself.
phase-trouble = The server cannot answer just now. Everything is on the phone and is tried again soon.
phase-server-full = The server has no room just now. Everything is on the phone, and what others record still comes; it goes up by itself when there is room.
phase-sign-in-again = Your sign-in has ended. Everything is on the phone; sign in and it goes up.
phase-update-needed = This version is too old for the server. Everything is on the phone; update and it goes up.
another-copy = Another device has a copy of this phone's data. Both can be used; everything recorded is kept and will be uploaded as usual.
told-read = Got it
lost-here =
    { $count ->
        [one] The storage of this phone had a fault. One record that was not uploaded yet went bad and could not be sent; we are sorry. Everything else is there and is uploaded as usual. Please think of your last visits and record again what is missing. If this comes again, change to another phone and tell your supervisor.
       *[other] The storage of this phone had a fault. { $count } records that were not uploaded yet went bad and could not be sent; we are sorry. Everything else is there and is uploaded as usual. Please think of your last visits and record again what is missing. If this comes again, change to another phone and tell your supervisor.
    }
clock-ahead = This phone's clock is about { $minutes } min fast. Records are saved all the same; please switch on automatic time.
clock-behind = This phone's clock is about { $minutes } min slow. Records are saved all the same; please switch on automatic time.

## Parked
parked-title = Parked records
parked-lead = Records that reached the server but were not put in place. None is lost. See what was written and why it waits; if it is right, put it in place. It stays under the name of whoever wrote it.
parked-nothing = Nothing is parked
parked-nothing-hint = Everything received is in its place.
parked-of = { $author }: { $kind }
parked-apply = Put it in place
parked-taken = In place; everybody will see it
parked-step = Step taken
parked-taken-out = taken out: { $what }
parked-parked-unknown = This does not wait any more; somebody has put it in place.
parked-reference-unknown = What it belongs to is not on the server yet. The record is kept.
parked-role-forbidden = Only a supervisor puts this in place.
parked-removes = Removes the record
gaps-title = Not on the server yet
gaps-hint = These have not reached the server; they are not lost. When their owner opens the app with a connection, they come by themselves.
gaps-device = The device “{ $device }” of { $worker } (its id ends in { $tail }) has records that the server lacks
gaps-photos = { $area }: photos still on their way: { $count }
copies-title = Copied devices
copies-hint = These were not signed in with a password; they went on from another phone, as happens when a whole phone is copied to a new one. If you do not know one, ask the administrator to revoke the first phone: its copies end with it.
copies-device = The device “{ $device }” of { $worker } (its id ends in { $tail })
parked-area-not-assigned = This is not in the writer's areas now. The record is kept; ask the supervisor.
parked-area-too-late = The grid was handed over more than a week ago, and this phone was told long since, so this was not taken as it is. The record is kept; ask the supervisor.
parked-area-unknown = The server does not know this grid. The record is kept; ask your supervisor.
parked-household-area-impossible = The grid to move to is not known. The household is still in its old grid; choose again.
parked-unit-area-taken = There is a unit with almost the same number already, so this one was set aside. Please add the unit once more.
parked-record-other-area = This record belongs to another grid now. The change is kept; ask the supervisor.
parked-push-too-large = This record is too large for something between the phone and the server, so it does not get there. It is kept on the phone; try again on another network, or ask the administrator to raise the limit.
parked-record-too-large = This record is too large for the server. It is kept; write it as several.
parked-record-unknown = The server has not received the beginning of this record. Trying again mostly helps.
parked-unknown = The server cannot put this record in place. It is kept; try again, or leave it to your supervisor.

## Log
log-title = Visit log
log-nothing = No such visits
log-nothing-hint = Widen the filters a little.
filters = Filters
filter-all = All
filter-which = Which
filter-period = Period
filter-area = Area
filter-from = From
filter-to = To
period-all = All
period-today = Today
period-week = 7 days
period-month = 30 days
period-days = Choose days

## Settings
settings-look = Display
settings-language = Language
settings-type-size = Type size
settings-theme = Colours
settings-storage = Storage
settings-account = Account
settings-about = About
settings-our-area = Our community
settings-our-area-hint = What the community and the street have decided. It is on the phone, also without a connection.
kinds-unit = Units
kinds-category = Categories of issues
kinds-care-rule = Care rules
type-size-standard = Standard
type-size-large = Large
type-size-largest = Largest
theme-system = As the system
theme-light = Light
theme-dark = Dark
storage-records = On this phone: { $households } households, { $residents } residents, { $visits } visits
storage-size = Data { $database }, of which photos { $photos }
storage-room = The browser uses { $used } of { $allowed } in all
storage-persisted = The browser will keep it
storage-not-persisted = When room gets short the browser may clear records that are not uploaded. Ask it to keep them.
storage-persist = Keep for good
storage-persist-refused = The browser did not agree. Add Koumen to the home screen and try again.
room-tight = More than 80 % of the room for Koumen is used. Records are saved as ever; please clear up the phone when you can.
room-full = Room is almost used up: what is left is kept for your own records, and nothing new is received from others. It goes on by itself when there is room again.
role-member = Grid member
role-supervisor = Supervisor
role-administrator = Administrator
role-responder = Responder of a unit
role-volunteer = Volunteer
role-auditor = Auditor
account-areas = Looks after: { $areas }
why-title = Why these households are here
why-lead = This phone holds the households of the grids assigned to you. What you cannot find is in another grid, or has not arrived yet.
why-here = Assigned to you, so they are here
why-nothing = No grid is assigned to you yet.
why-since = On this phone since { $moment }
why-gone = Not assigned any more, so they are gone
why-ended = Not assigned since { $moment }
why-removed = Households removed from this phone: { $count }. The server has them all
why-waiting = Records still here until what you wrote is finished and uploaded: { $count }
why-moved = Moved to another grid
why-moved-lead = These households belong to another grid now. Their people, visits, issues and photos went along and do not stay on this phone.
why-moved-at = Left this phone { $moment }
why-ask = If this looks wrong, ask your supervisor.
sign-out = Sign out
sign-out-text = Signing out clears households and visits from this phone. Everything uploaded is on the server.
sign-out-confirm = Sign out and clear
about-version = Koumen { $version }
about-lines = No check-in, no tracking, no ranking. Photos only if you like. No identity-card numbers.

## Names of fields
field-household-door = Door
field-household-tenure = Tenure
field-household-preferred-hours = Good times
field-household-no-visit-before = Please do not visit before
field-household-not-alone = Please do not come alone
field-household-note = Note on the household
field-household-merged-into = The same household as
field-household-kept-after-removal = Kept after a removal
field-household-moved-to = Grid
field-household-warnings = Good to know before knocking
field-resident-household = Household
field-resident-name = Name
field-resident-birth-year = Year of birth
field-resident-birth-month = Month of birth
field-resident-phones = Phones
field-resident-relation = Relation to the head
field-resident-needs = Needs
field-resident-consent-on = Agreed on
field-resident-consent-purpose = Agreed to
field-resident-merged-into = The same person as
field-resident-kept-after-removal = Kept after a removal
field-visit-household = Household
field-visit-outcome = How it went
field-visit-met = Who was met
field-visit-purpose = Why
field-visit-phrases = Common phrases
field-visit-note = Note
field-visit-needs = Needs found
field-visit-promise = Promised
field-visit-promise-due = For which day
field-visit-promise-kept-on = Kept on
field-visit-started-at = Time of the visit
field-visit-kept-after-removal = Kept after a removal
field-issue-category = Category
field-issue-title = What
field-issue-note = Details
field-issue-household = Household
field-issue-place = Where
field-issue-visit = Visit
field-issue-reported-at = Reported at
field-issue-steps-seen = Earlier steps were seen
field-issue-kept-after-removal = Kept after a removal
field-unit-name = Name
field-unit-sort = Type
field-unit-phones = Office telephone
field-unit-handles = Takes care of
field-unit-note = Note (hours, where the office is)
field-unit-kept-after-removal = Kept after a removal
field-category-name = Name
field-category-base = Belongs to
field-category-code = Code
field-category-unit = Usually goes to
field-category-accept-days = Working days to accept
field-category-finish-days = Working days to finish
field-category-kept-after-removal = Kept after a removal
field-care-rule-need = Need
field-care-rule-at-least-days = Days between visits, at most
field-care-rule-at-most-days = Days between visits, at least
field-care-rule-purposes = Visits that count (all when none is chosen)
field-care-rule-note = Note
field-care-rule-kept-after-removal = Kept after a removal
unit-sort-department = Department
unit-sort-property-company = Property company
unit-sort-utility = Utility
unit-sort-partner = Partner
unit-sort-social-organisation = Social organisation
field-issue-area = Grid
field-unknown = Other

## Errors: what is safe, and what to do next
error-offline = No connection now; this needs one. Everything on the phone is safe.
error-wrong-credentials = User name or password is wrong. Try again, or ask your supervisor.
error-signed-out = Nobody is signed in. Sign in first; everything on the phone is safe.
error-not-found = This record is not on this phone. It may be outside your grids or not here yet; look again when connected.
error-storage-full = The phone is full and this was not saved yet. Make some room and save again; what you wrote is still here.
error-unsent-work = Some records or photos are not uploaded and would be lost. Wait until they are, then sign out. What does not go up is under Uploads, Attention.
error-drafts-open = There are unfinished forms, which would be lost by signing out. Finish them first, or choose “Discard” (for a correction “Leave as it was”).
error-update-needed = This version is too old; please update. Everything on the phone is safe.
error-other-worker = This phone holds the records of another worker. Let them sign in; before the phone changes hands, they upload everything and sign out.
error-device-too-many = This account is signed in on too many devices. Sign out on one that you do not use, or ask the administrator to revoke one that was lost. What is on this phone stays.
error-sealed-other-key = The records on this phone were encrypted for another server and cannot be opened here. They are all still there; ask the administrator.
error-server = The server had a problem. Everything on the phone is safe; try again later.
error-storage-leader-lost = The other window was closed just then, and this step may or may not be done. See whether the record is there; if not, do it again.
error-origin-foreign = The server does not know the address that this page was opened at, so nobody can sign in from here. Everything on the phone is safe. Tell the administrator to name this address with --origin when starting the server.
error-session-crowded = Many are signing in just now. Wait some seconds and try again.
error-session-throttled = The password of this account was wrong several times. Wait before the next try, a minute at most.
error-session-unreadable = The user name has a sign that cannot be seen. Clear it and type it anew.
error-session-too-long = The user name or password is too long. See whether something slipped in.
error-photo-not-here = This photo is not on the server yet; the phone that took it has to upload it first. The record is safe; look again later.
error-internal = Koumen had a problem. What was saved is safe; close and open it again. If that does not help, give the words below to your supervisor.
bad-photo-empty = This photo is empty and was not kept. Please take another.
bad-photo-too-large = This photo has more pixels than the phone can hold and was not kept; what you wrote is safe. Set the camera to a lower resolution, or choose a smaller picture.
bad-photo-heic = This is an Apple HEIC photo; it cannot be read here and was not kept. Use “Take a photo”, or set the camera to “Most compatible”.
bad-photo-format-unsupported = This kind of picture cannot be opened here and was not kept. Choose a JPEG or PNG, or take a photo.
bad-photo-not-an-image = This file is no photo and was not kept. Please choose a JPEG or PNG.
bad-photo-damaged = This photo is damaged and was not kept. Please take another.
bad-photo-unreadable = This photo could not be opened and was not kept. Please choose it again or take another.
bad-photo-too-many = There are enough photos; this one was not kept.
bad-photo-no-room = There is no room for this photo and it was not kept; what you wrote is safe. Make some room and take it again, or save without it.
refused-photo-hash = This photo is damaged on the phone, and the server did not take it. The record and the small picture are safe.
refused-photo-no-jpeg = This photo is not whole, and the server did not take it. The record and the small picture are safe.
refused-photo-too-many-pixels = This photo is larger than allowed, and the server did not take it. The record and the small picture are safe.
refused-photo-metadata = This photo carries a position or the like, and the server did not take it. The record and the small picture are safe.
refused-photo-unknown = The server has no record for this photo yet and did not take it. The photo stays on the phone.
refused-request-too-large = This photo is too large, and the server did not take it. The record and the small picture are safe.
refused-unknown = The server did not take this photo. It stays on the phone, and the record is safe.
bad-unknown = This photo cannot be kept. What you wrote is safe; try another.
unusable-title = Records cannot be kept here
unusable-safe = Please record nothing here for now. What was saved before is not touched.
unusable-again = Try again
unusable-worker-failed = Koumen could not start. Close its other windows and open it again, or update the browser.
unusable-storage-no-secure-context = This address is not secure, so the browser keeps no data. Open it with https; for the first time see the page /ca behind the address.
unusable-storage-no-locks = This browser is too old to keep data offline. Please update it.
unusable-storage-no-opfs = This browser cannot keep data offline; it is in private mode or too old. Use an ordinary window of a current Chrome or Edge.
unusable-storage-open-failed = The data on this phone could not be opened; earlier records are untouched. Close every Koumen window and open it again; if that does not help, tell your supervisor.
unusable-storage-full = The phone is full and the data cannot be opened; earlier records are untouched. Make some room and open it again.
unusable-storage-newer-schema = The data on this phone was written by a newer Koumen; earlier records are untouched. Update Koumen and open it again.
unusable-storage-other-version = Another Koumen window is open, in another version. Please close that window; this one goes on by itself.
unusable-storage-leader-silent = The other Koumen window does not answer. Keep this page open, what you wrote is here; close the other window and this one goes on by itself.
unusable-unknown = This browser cannot keep data offline; it is in private mode or too old. Use an ordinary window of a current Chrome, Edge or your phone's own browser.
following = Koumen is open in another window too; both show the same.

## Checks before saving
invalid-visit-outcome-missing = Choose how it went, then save. What you wrote is still here.
invalid-visit-outcome-unknown = This choice is not known; take another. What you wrote is still here.
invalid-visit-purpose-missing = Choose why you went, then save. What you wrote is still here.
invalid-visit-purpose-unknown = This choice is not known; take another. What you wrote is still here.
invalid-visit-phrase-unknown = One phrase is not known; tap it off and save. What you wrote is still here.
invalid-visit-household-missing = This visit has no household; start again from the household's page. What you wrote stays in the drafts.
invalid-visit-promise-missing = A day is set, but no promise. Write it, or choose “No day set”.
invalid-issue-own-work = Nobody confirms what they resolved themselves; ask whoever reported it, or the supervisor.
invalid-issue-not-reporter = Whoever reported it confirms it, or the supervisor.
invalid-issue-supervisors-step = This step is the supervisor's.
invalid-area-other-reach = This record does not belong there. Choose another grid or community.
invalid-right-none = This account does not work with such records.
invalid-right-create = This account cannot make such records.
invalid-right-edit = This account cannot change this record.
invalid-right-remove = This account cannot take this record back or restore it.
invalid-need-unknown = One need is not known; tap it off and save.
invalid-household-door-missing = Write the door number.
invalid-household-has-residents = Residents are noted here, so it cannot be taken back yet. Remove those who moved away first; if the household was noted twice, merge the two.
invalid-household-has-visits = There are visits to this household, which nobody would find any more, so it cannot be taken back. If it was noted twice, merge the two.
invalid-household-has-issues = There are issues at this household, which nobody would find any more, so it cannot be taken back. If it was noted twice, merge the two.
invalid-household-has-drafts = A form about this household is unfinished. Finish it first or choose “Discard” (for a correction “Leave as it was”), then take the household back.
invalid-household-door-not-canonical = The door number cannot be read; write it like 3-2-501.
invalid-household-door-unreadable = The door number cannot be read; write it like 3-2-501.
invalid-household-tenure-unknown = This tenure is not known; take another.
invalid-household-door-taken = A household is recorded at this door; “Go to this household” opens it. If another one lives behind the same door, tick that and save.
invalid-household-warning-unknown = One warning is not known; tap it off and save.
invalid-household-area-impossible = This grid is not yours, so the household cannot move there. Choose another one, or ask your supervisor.
invalid-door-empty = Write the door number.
invalid-door-too-long = The door number is too long; write it like 3-2-501.
invalid-door-no-building = The building is missing; write it like 3-2-501.
invalid-door-no-room = The room is missing; write it like 3-2-501.
invalid-door-ambiguous = This looks like two doors; write one only.
invalid-door-unreadable = The door number cannot be read; write it like 3-2-501.
invalid-resident-household-missing = The household is missing; add the resident again from the household's page.
invalid-resident-name-missing = Write the name.
invalid-resident-birth-year-impossible = Write a year of birth from 1880 to this year, e.g. 1948, or leave it empty.
invalid-resident-birth-month-impossible = Write the month of birth as 1 to 12, or leave it empty.
invalid-resident-phone-impossible = The phone is not one whole number. Write it in full, like 13800138000, 0314-2021234, +852 9123 4567 or 12345. A number with an extension cannot be kept here.
invalid-resident-relation-unknown = This relation is not known; take another.
invalid-resident-consent-unknown = This choice is not known; take another.
invalid-issue-category-missing = Choose a category, then report. What you wrote is still here.
invalid-issue-category-unknown = This category is not known; take another. What you wrote is still here.
invalid-issue-title-missing = Write what it is about; one line is enough.
invalid-issue-department-missing = Write to whom it is assigned.
invalid-issue-target-missing = Choose the issue to merge into.
invalid-issue-rating-impossible = Choose how satisfied they are.
invalid-issue-too-many-steps = This issue has too many steps. Please report a new one.
invalid-issue-area-missing = Choose the grid.
invalid-text-too-long = This is too long; please shorten it. What you wrote is still here.
invalid-text-identity-number = This looks like an identity-card number. Koumen keeps none; delete it and save.
invalid-text-control-character = There is an invisible special character; delete that part and type it again.
invalid-date-impossible = This is no day; choose again.
invalid-time-out-of-range = The phone's time is wrong; switch on automatic time in its settings, then save.
invalid-list-too-long = Too many are chosen; take some off.
invalid-photo-owner-missing = A photo lost its record; take it out and add it again.
invalid-photo-hash-missing = A photo was not kept; take it out and add it again.
invalid-photo-size-impossible = A photo has an impossible size; take it out and add it again.
invalid-photo-thumbnail-no-jpeg = A photo was not prepared; take it out and add it again.
invalid-record-unknown = This record has not reached this phone; try again when connected.
invalid-field-empty = One entry is still empty; fill it in and save. What you wrote is still here.
invalid-field-no-flag = One tick is wrong; tick it again.
invalid-field-too-long = One entry is too long; please shorten it.
invalid-field-missing = Fill this in.
invalid-field-no-number = Only digits go here.
invalid-choice-missing = Choose one.
invalid-choice-unknown = There is no such choice; choose again.
invalid-days-impossible = Enter a whole number from 1 to 366.
invalid-care-rule-at-most-beyond-at-least = The least number of days between visits cannot be more than the most.
invalid-category-finished-before-accepted = Days to finish cannot be fewer than days to accept.
invalid-phone-impossible = Not a complete telephone number; write it in full, like 0314-2021234, 12345, 13800138000.
invalid-record-area-missing = Choose for which area it holds.
invalid-field-wrong-shape = One entry is wrong; correct it and save. What you wrote is still here.
invalid-field-is-a-set = One entry cannot be saved; that is Koumen's fault. What you wrote is still here; tell your supervisor.
invalid-field-is-no-set = One entry cannot be saved; that is Koumen's fault. What you wrote is still here; tell your supervisor.
invalid-event-not-an-issue = This step is for issues only.
invalid-change-empty = Nothing was changed; there is nothing to save.
invalid-change-field-twice = One entry cannot be saved; that is Koumen's fault. What you wrote is still here; tell your supervisor.
invalid-change-seen-the-future = One entry cannot be saved; that is Koumen's fault. What you wrote is still here; tell your supervisor.
invalid-change-too-many-parts = Too much was changed at once; save it in two steps.
invalid-record-not-kept = A record of this kind cannot be brought back like this.
invalid-parked-not-yours = This record is in a grid that is not assigned to you. It is kept; ask the level above.
invalid-push-too-large = This record is on this phone only, so the supervisor cannot take it over. Try again on another network, or ask the administrator to raise the limit.
invalid-merge-into-itself = A record cannot be merged into itself. Choose another one.
invalid-merge-other-area = The two are in different grids and cannot be merged yet. Both are still there.
invalid-merge-kind-impossible = Records of this kind cannot be merged.
invalid-unknown = One entry is wrong and nothing was saved yet. What you wrote is still here; check it and save again.
